/**
 * A short soak; `npm run soak` is the long one, at full speed.
 *
 * Promise: under mixed traffic, faults and a steady change of keys no request is accepted or refused wrongly, every
 * acknowledged change has its event, and no file stays open.
 */
import { expect, inject, test } from "vitest";
import { IS_WHOLE } from "../share.ts";
import { soak } from "./soak.ts";

const SECONDS = IS_WHOLE ? 40 : 4;
/** A slow machine needs longer for them. */
const ACCEPTED_MIN = 20 * SECONDS;
const EVENTS_MIN = IS_WHOLE ? 80 : 20;
const CLIENTS_PER_GATEWAY = IS_WHOLE ? 6 : 2;
/** Connections to the origins that workerd keeps alive, its own files, and the SQLite files of ledgers that start meanwhile. */
const EXTRA_FILES_MAX = 160;

test("finds no violation under mixed traffic, faults and changing keys", { timeout: 900_000 }, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const report = await soak({
    bundle: inject("workerBundle"),
    durationMs: SECONDS * 1000,
    seed,
    clientsPerGateway: CLIENTS_PER_GATEWAY,
    minimum: { accepted: ACCEPTED_MIN, events: EVENTS_MIN },
    pauseMs: 10,
    hasQuietMinutes: false,
  });
  const { results, wrongEvents, events, faults, openFiles } = report;
  expect({ seed, violations: results.violations, wrongEvents }).toEqual({
    seed,
    violations: [],
    wrongEvents: [],
  });
  // A soak without activity would prove nothing.
  expect(results.accepted).toBeGreaterThanOrEqual(ACCEPTED_MIN);
  expect(events).toBeGreaterThanOrEqual(EVENTS_MIN);
  expect(results.refused).toBeGreaterThan(0);
  expect(faults.size).toBeGreaterThan(0);
  const [before, after] = openFiles;
  if (before !== null && after !== null) expect(after).toBeLessThan(before + EXTRA_FILES_MAX);
});
