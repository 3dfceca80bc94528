// A few at a time: what is begun has its time limit to itself, and results keep their order.

import { expect, test } from "vitest";
import { eachInLanes } from "../../src/keys/each-in-lanes.ts";

const ITEMS = Array.from({ length: 50 }, (_, i) => i);
const aTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("every item is done once, at most six at a time, and results are in the items' order", async () => {
  let open = 0;
  let most = 0;
  const results = await eachInLanes(ITEMS, async (item) => {
    open += 1;
    most = Math.max(most, open);
    // The later the item the sooner it is done.
    for (let turns = ITEMS.length - item; turns > 0; turns -= 10) await aTurn();
    open -= 1;
    return item * 2;
  });
  expect(results).toEqual(ITEMS.map((item) => item * 2));
  expect(most).toBe(6);
});

test("the first failure is the answer, and nothing is begun after it", async () => {
  const begun: number[] = [];
  const done = eachInLanes(ITEMS, async (item) => {
    begun.push(item);
    await aTurn();
    if (item === 8) throw new Error("item 8");
  });
  await expect(done).rejects.toThrow("item 8");
  const soFar = begun.length;
  for (let turns = 0; turns < 10; turns++) await aTurn();
  expect(begun.length).toBe(soFar);
  expect(soFar).toBeLessThan(20);
});

test("no item: no result", async () => {
  expect(await eachInLanes([], async () => 1)).toEqual([]);
});
