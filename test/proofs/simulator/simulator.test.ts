// Leases and rate limits under every fault of the model, in virtual time: see simulate.ts. Replay a seed that fails with
// `npm run simulate -- --seed N`.

import { describe, expect, test } from "vitest";
import { runSeeds, runSeedsInProcesses } from "./run-seeds.ts";
import { NO_EXCESS } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 20_000;

const GUARANTEE = expect.stringMatching(/^G[123]$/);

describe("leases and rate limits", () => {
  test(`keep their promises in ${SEEDS} runs`, { timeout: 300_000 }, async () => {
    const worker = new URL("./seed-worker.ts", import.meta.url);
    const { seeds, counts, failures } = await runSeedsInProcesses({ first: 1, count: SEEDS }, 2, worker);

    expect(failures).toEqual([]);
    expect(seeds).toBe(SEEDS);
    // Runs without activity would prove nothing.
    expect(counts.accepted).toBeGreaterThan(5 * SEEDS);
    expect(counts.refused).toBeGreaterThan(5 * SEEDS);
    expect(counts.exhausted).toBeGreaterThan(5 * SEEDS);
    expect(counts.bodiesCut).toBeGreaterThan(SEEDS);
    expect(counts.revocations).toBeGreaterThan(SEEDS / 2);
    expect(counts.ledgerRestarts).toBeGreaterThan(SEEDS / 2);
    expect(counts.stretchedLeases).toBeGreaterThan(5 * SEEDS);
  });

  test("repeat exactly for the same seed", async () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(await traceOf(seed)).toEqual(await traceOf(seed));
  });
});

// A checker that cannot fail proves nothing, and the margin matters only if a run can use it up.
describe("faults above the margin", () => {
  test("break a guarantee when clocks and pauses take 80 ms more", async () => {
    expect(await rulesBroken({ ...NO_EXCESS, budgetMs: 80 })).toContainEqual(GUARANTEE);
  });

  // The limit of rule 2: an isolate that is idle while its clock steps back cannot detect the step.
  test("break a guarantee when a clock steps back and catches up before it is read", async () => {
    expect(await rulesBroken({ ...NO_EXCESS, undetectedJumps: true })).toContainEqual(GUARANTEE);
  });
});

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await simulate(seed, { trace: (line) => void lines.push(line) });
  return lines;
}

async function rulesBroken(excess: typeof NO_EXCESS): Promise<string[]> {
  const { failures } = await runSeeds({ first: 1, count: 4000, excess });
  return failures.flatMap(({ violations }) => violations.map(({ rule }) => rule));
}
