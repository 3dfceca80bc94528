/** As many connections as the platform lets one invocation have open; what is begun beyond that waits unseen. */
const LANES = 6;

/**
 * Does the work for each item, a few at a time, so that the time limit of one begins when it begins and not when the
 * first does. Results are in the items' order. The first failure ends it: no further item is begun.
 */
export async function eachInLanes<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  let failed = false;
  const lane = async () => {
    for (const [i, item] of queue) {
      if (failed) return;
      results[i] = await work(item);
    }
  };
  const fail = (error: unknown) => {
    failed = true;
    throw error;
  };
  await Promise.all(Array.from({ length: LANES }, () => lane().catch(fail)));
  return results;
}
