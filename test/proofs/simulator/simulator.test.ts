// Leases and rate limits under everything that can go wrong, in virtual time: see simulate.ts. A seed that fails here
// is replayed, with all that happens in it, by `npm run simulate -- --seed N`.

import { describe, expect, test } from "vitest";
import { runSeeds, runSeedsInProcesses } from "./run-seeds.ts";
import { WITHIN_MARGIN } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 20_000;

const GUARANTEE = expect.stringMatching(/^G[123]$/);

describe("leases and rate limits", () => {
  test(`keep their promises in ${SEEDS} runs`, { timeout: 300_000 }, async () => {
    const worker = new URL("./seed-worker.ts", import.meta.url);
    const { seeds, counts, failures } = await runSeedsInProcesses({ first: 1, count: SEEDS }, 2, worker);

    expect(failures).toEqual([]);
    expect(seeds).toBe(SEEDS);
    // Runs in which nothing happens would prove nothing.
    expect(counts.accepted).toBeGreaterThan(5 * SEEDS);
    expect(counts.refused).toBeGreaterThan(5 * SEEDS);
    expect(counts.exhausted).toBeGreaterThan(5 * SEEDS);
    expect(counts.bodiesCut).toBeGreaterThan(SEEDS);
    expect(counts.revocations).toBeGreaterThan(SEEDS / 2);
    expect(counts.ledgerRestarts).toBeGreaterThan(SEEDS / 2);
    expect(counts.longerLeases).toBeGreaterThan(5 * SEEDS);
  });

  test("go the same way by the same seed", async () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(await traceOf(seed)).toEqual(await traceOf(seed));
  });
});

// A checker that cannot fail would prove nothing, and a margin that is never used up would not be known to matter.
describe("beyond what the margin covers", () => {
  test("breaks when clocks and pauses take 80 ms more", async () => {
    expect(await rulesBroken({ ...WITHIN_MARGIN, budgetMs: 80 })).toContainEqual(GUARANTEE);
  });

  // The limit of rule 2: an isolate that is idle while its clock is set back has no means to know.
  test("breaks when a clock is set back and has caught up before anybody looks", async () => {
    expect(await rulesBroken({ ...WITHIN_MARGIN, unseenJumps: true })).toContainEqual(GUARANTEE);
  });
});

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await simulate(seed, { trace: (line) => void lines.push(line) });
  return lines;
}

async function rulesBroken(beyond: typeof WITHIN_MARGIN): Promise<string[]> {
  const { failures } = await runSeeds({ first: 1, count: 4000, beyond });
  return failures.flatMap(({ violations }) => violations.map(({ rule }) => rule));
}
