/**
 * Requests at the moments that decide: right after the key's end, and after the last fault.
 */
import { quickRequest } from "./scenario.ts";
import type { World } from "./world.ts";

/** So soon after that nothing else comes in between. */
const RIGHT_AFTER_MS = 0.01;

/** Requests everywhere, and many an origin at work answers, right after the key's end. */
export function probe({ time, random, isolates, originsAtWork }: World): void {
  for (const arrive of originsAtWork) if (random.chance(0.5)) time.after(RIGHT_AFTER_MS, arrive);
  for (const isolate of isolates) {
    for (const ms of [RIGHT_AFTER_MS, random.between(0, 100)]) {
      time.after(ms, () => isolate.arrive(quickRequest(time.now, "doomed")));
    }
  }
}

/** At the end of a key that expires, and on every key once all faults and what they caused are over. */
export function planProbes(world: World): void {
  const { time, scenario, isolates, disk, ledgerClock } = world;
  const expiresAt = disk.keys.get("doomed")?.expires_at;
  if (typeof expiresAt === "number") {
    time.at(ledgerClock.settlesAt(expiresAt) + scenario.ledger.marginMs, () => probe(world));
  }
  time.at(scenario.calmFrom + 2 * scenario.ledgerTimeoutMs, () => {
    for (const isolate of isolates) {
      isolate.arrive(quickRequest(time.now, "good"));
      isolate.arrive(quickRequest(time.now, "doomed"));
    }
  });
}
