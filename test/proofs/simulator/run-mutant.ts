/**
 * Runs a mutant: a copy of the sources and of the simulator, with one rule broken.
 *
 * Guarantees that the mutant breaks what it names: an edit that does not match exactly one place is an error.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { editedFiles } from "../../support/source-edit.ts";
import type { Mutant } from "../mutant.ts";
import { runSeedsInProcesses, type Summary } from "./run-seeds.ts";

/** Number of seeds within which each mutant must be detected. */
const MUTANT_SEEDS_MAX = 4000;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface SimulatorMutant extends Mutant {
  /** For a violation that few seeds show: where the run begins. 1 by default. */
  readonly firstSeed?: number;
}

/** Runs a mutant until it is detected, or through all its seeds. null: an unbroken copy. */
export async function runMutant(
  mutant: SimulatorMutant | null,
  seedsMax = MUTANT_SEEDS_MAX,
): Promise<Summary> {
  const copy = mkdtempSync(join(tmpdir(), "octopost-mutant-"));
  try {
    for (const part of ["src", "test/proofs/simulator"])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    writeFileSync(join(copy, "package.json"), '{"type":"module"}');
    const read = (file: string) => readFileSync(join(copy, file), "utf8");
    for (const [file, text] of mutant ? editedFiles(mutant, read) : []) writeFileSync(join(copy, file), text);
    const worker = pathToFileURL(join(copy, "test/proofs/simulator/seed-worker.ts"));
    const seeds = { first: mutant?.firstSeed ?? 1, count: seedsMax, stopsAtFailure: true };
    return await runSeedsInProcesses(seeds, 1, worker);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
