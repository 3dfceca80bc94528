// A rule whose mutant survives is not tested. Each mutant is detected within a bounded number of runs, on seeds that an
// unbroken copy passes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { editedText } from "../../support/edit.ts";
import { IS_WHOLE, shareOf } from "../share.ts";
import { MUTANTS, NO_MUTANT } from "./mutants.ts";
import { runMutant } from "./run-mutant.ts";

const verdicts: string[] = [];
afterAll(() => console.log(verdicts.join("\n")));

/** A share of the proof runs every STEP-th mutant. */
const STEP = 9;
const UNBROKEN_SEEDS = 300;

test("every edit of a mutant occurs in the code once", () => {
  for (const edit of MUTANTS.flatMap(({ edits }) => edits)) {
    editedText(readFileSync(join(import.meta.dirname, "../../..", edit.file), "utf8"), edit);
  }
});

describe("the simulator detects", () => {
  test.for(shareOf(MUTANTS, STEP))("$name", { timeout: 120_000 }, async (mutant) => {
    const { seeds, failures } = await runMutant(mutant);
    const rule = failures[0]?.violations[0]?.rule;
    verdicts.push(`${mutant.name}: ${rule ? `seed ${seeds}, ${rule}` : `survived ${seeds} seeds`}`);
    expect(failures).not.toEqual([]);
  });

  test("no violation in an unbroken copy", { timeout: 120_000 }, async () => {
    const { failures } = IS_WHOLE ? await runMutant(NO_MUTANT) : await runMutant(NO_MUTANT, UNBROKEN_SEEDS);
    expect(failures).toEqual([]);
  });
});
