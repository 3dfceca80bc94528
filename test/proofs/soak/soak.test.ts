/**
 * A short soak at a low rate; `npm run soak` is the long one.
 *
 * Promise: under mixed traffic, faults and a steady change of keys no request is accepted or refused wrongly, every
 * acknowledged change has its event, and no file stays open.
 */
import { expect, inject, test } from "vitest";
import { soak } from "./soak.ts";

const DURATION_MS = 25_000;
/** Connections to the origins that workerd keeps alive, its own files, and the SQLite files of ledgers that start meanwhile. */
const EXTRA_FILES_MAX = 160;

test("finds no violation under mixed traffic, faults and changing keys", { timeout: 180_000 }, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const report = await soak({
    bundle: inject("workerBundle"),
    durationMs: DURATION_MS,
    seed,
    clientsPerGateway: 2,
    pauseMs: 10,
  });
  const { results, lostEvents, events, faults, openFiles } = report;
  expect({ seed, violations: results.violations, lostEvents }).toEqual({
    seed,
    violations: [],
    lostEvents: [],
  });
  // A soak without activity would prove nothing.
  expect(results.accepted).toBeGreaterThan(500);
  expect(results.refused).toBeGreaterThan(20);
  expect(events).toBeGreaterThan(40);
  expect([...faults.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2);
  const [before, after] = openFiles;
  if (before !== null && after !== null) expect(after).toBeLessThan(before + EXTRA_FILES_MAX);
});
