/**
 * Runs a mutant: a copy of the sources and of the simulator, with one rule broken.
 *
 * Guarantees that the mutant breaks what it names: a text that does not occur exactly once is an error.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { applyEdit } from "../../support/edit.ts";
import type { Mutant } from "./mutant.ts";
import { runSeedsInProcesses, type Summary } from "./run-seeds.ts";

/** Number of seeds within which each mutant must be detected. */
const MUTANT_SEEDS_MAX = 4000;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs a mutant until it is detected, or through all its seeds. */
export async function runMutant(
  { edits, firstSeed = 1 }: Mutant,
  seedsMax = MUTANT_SEEDS_MAX,
): Promise<Summary> {
  const copy = mkdtempSync(join(tmpdir(), "octopost-mutant-"));
  try {
    for (const part of ["src", "test/proofs/simulator"])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    writeFileSync(join(copy, "package.json"), '{"type":"module"}');
    for (const edit of edits) applyEdit(copy, edit);
    const worker = pathToFileURL(join(copy, "test/proofs/simulator/seed-worker.ts"));
    return await runSeedsInProcesses({ first: firstSeed, count: seedsMax, stopsAtFailure: true }, 1, worker);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
