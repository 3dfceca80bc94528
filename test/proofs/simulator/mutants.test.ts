// A rule whose mutant survives is not tested. Each mutant is detected within a bounded number of runs, on seeds that an
// unbroken copy passes.

import { afterAll, describe, expect, test } from "vitest";
import { MUTANTS, NO_MUTANT } from "./mutants.ts";
import { runMutant } from "./run-mutant.ts";

const verdicts: string[] = [];
afterAll(() => console.log(verdicts.join("\n")));

describe("the simulator detects", () => {
  test.for(MUTANTS)("$name", { timeout: 120_000 }, async (mutant) => {
    const { seeds, failures } = await runMutant(mutant);
    const rule = failures[0]?.violations[0]?.rule;
    verdicts.push(`${mutant.name}: ${rule ? `seed ${seeds}, ${rule}` : `survived ${seeds} seeds`}`);
    expect(failures).not.toEqual([]);
  });

  test("no violation in an unbroken copy", { timeout: 120_000 }, async () => {
    expect((await runMutant(NO_MUTANT)).failures).toEqual([]);
  });
});
