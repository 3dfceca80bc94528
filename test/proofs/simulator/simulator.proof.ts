// Leases and rate limits under every fault of the model, in virtual time: see simulate.ts. Replay a seed that fails with
// `npm run simulate -- --seed N`.

import { describe, expect, test } from "vitest";
import { IS_WHOLE } from "../share.ts";
import { runSeeds, runSeedsInProcesses } from "./run-seeds.ts";
import { NO_EXCESS } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const SEEDS = IS_WHOLE ? 10_000 : 200;

const SEEDS_AT_ONCE = 20;
/** About one run in 5,000 uses up the margin: one of them is soon after this one. */
const RARE_FROM = 9481;
/** Likewise for a step of a clock that nobody reads in time. */
const JUMP_FROM = 701;
const GUARANTEE = expect.stringMatching(/^G[123]$/);

describe("leases and rate limits", () => {
  test(`keep their promises in ${SEEDS} runs`, { timeout: 600_000 }, async () => {
    const worker = new URL("./seed-worker.ts", import.meta.url);
    const { seeds, counts, failures } = await runSeedsInProcesses({ first: 1, count: SEEDS }, 1, worker);

    expect(failures).toEqual([]);
    expect(seeds).toBe(SEEDS);
    // Runs without activity would prove nothing.
    expect(counts.accepted).toBeGreaterThan(5 * SEEDS);
    expect(counts.refused).toBeGreaterThan(5 * SEEDS);
    expect(counts.forbidden).toBeGreaterThan(SEEDS);
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
    expect(await rulesBroken({ ...NO_EXCESS, budgetMs: 80 }, RARE_FROM)).toContainEqual(GUARANTEE);
  });

  // The limit of rule 2: an isolate that is idle while its clock steps back cannot detect the step.
  test("break a guarantee when a clock steps back and catches up before it is read", async () => {
    expect(await rulesBroken({ ...NO_EXCESS, undetectedJumps: true }, JUMP_FROM)).toContainEqual(GUARANTEE);
  });
});

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await simulate(seed, { trace: (line) => void lines.push(line) });
  return lines;
}

/** Runs seeds until one breaks a guarantee, and returns the rules broken so far. */
async function rulesBroken(excess: typeof NO_EXCESS, from: number): Promise<string[]> {
  const rules: string[] = [];
  for (let first = from; first < from + 4000; first += SEEDS_AT_ONCE) {
    const { failures } = await runSeeds({ first, count: SEEDS_AT_ONCE, excess });
    rules.push(...failures.flatMap(({ violations }) => violations.map(({ rule }) => rule)));
    if (rules.some((rule) => /^G[123]$/.test(rule))) break;
  }
  return rules;
}
