/**
 * A short soak at an easy pace: `npm run soak` is the long one.
 *
 * The promise: under mixed traffic, faults and a steady change of keys nobody is let through wrongly, nobody is
 * refused wrongly, every acknowledged change has its event, and nothing is left open.
 */
import { expect, inject, test } from "vitest";
import { soak } from "./soak.ts";

const DURATION_MS = 25_000;
/** Connections to the origins that workerd keeps for the next request, and files of its own. */
const FILES_MORE_MAX = 40;

test("nothing is wrong after a while of everything at once", { timeout: 180_000 }, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const report = await soak({
    bundle: inject("workerBundle"),
    durationMs: DURATION_MS,
    seed,
    callersPerGateway: 2,
    pauseMs: 10,
  });
  const { tally, lostEvents, events, faults, openFiles } = report;
  expect({ seed, wrong: tally.wrong, lostEvents }).toEqual({ seed, wrong: [], lostEvents: [] });
  // It has been put to the test.
  expect(tally.accepted).toBeGreaterThan(500);
  expect(tally.refused).toBeGreaterThan(20);
  expect(events).toBeGreaterThan(40);
  expect([...faults.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2);
  const [before, after] = openFiles;
  if (before !== null && after !== null) expect(after).toBeLessThan(before + FILES_MORE_MAX);
});
