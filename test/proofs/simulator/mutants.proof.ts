// A rule whose mutant survives is not tested. Each mutant is detected within a bounded number of runs, on seeds that an
// unbroken copy passes.

import { afterAll, describe, expect, test } from "vitest";
import { IS_WHOLE, shareOf } from "../share.ts";
import { MUTANTS } from "./mutants.ts";
import { runMutant } from "./run-mutant.ts";

const verdicts: string[] = [];
afterAll(() => console.log(verdicts.join("\n")));

/** A share of the proof runs every STEP-th mutant. */
const STEP = 36;
/** simulator.proof.ts runs the code itself on more: here, the copy. */
const UNBROKEN_SEEDS = IS_WHOLE ? 300 : 20;

describe("the simulator detects", () => {
  test.for(shareOf(MUTANTS, STEP))("$name", { timeout: 120_000 }, async (mutant) => {
    const { seeds, failures } = await runMutant(mutant);
    const rule = failures[0]?.violations[0]?.rule;
    verdicts.push(`${mutant.name}: ${rule ? `seed ${seeds}, ${rule}` : `survived ${seeds} seeds`}`);
    expect(failures).not.toEqual([]);
  });

  test("no violation in an unbroken copy", { timeout: 120_000 }, async () => {
    const { failures } = await runMutant(null, UNBROKEN_SEEDS);
    expect(failures).toEqual([]);
  });
});
