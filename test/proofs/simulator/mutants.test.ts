// A rule whose mutant survives is not tested. Each is noticed within a bounded number of runs, by the same seeds that
// an unbroken copy passes.

import { afterAll, describe, expect, test } from "vitest";
import { huntMutant } from "./hunt-mutant.ts";
import { MUTANTS, NO_MUTANT } from "./mutants.ts";

const verdicts: string[] = [];
afterAll(() => console.log(verdicts.join("\n")));

describe("the simulator notices", () => {
  test.for(MUTANTS)("$name", { timeout: 120_000 }, async (mutant) => {
    const { seeds, failures } = await huntMutant(mutant);
    const rule = failures[0]?.violations[0]?.rule;
    verdicts.push(`${mutant.name}: ${rule ? `seed ${seeds}, ${rule}` : `survived ${seeds} seeds`}`);
    expect(failures).not.toEqual([]);
  });

  test("nothing when nothing is broken", { timeout: 120_000 }, async () => {
    expect((await huntMutant(NO_MUTANT)).failures).toEqual([]);
  });
});
