/**
 * Runs a mutant: the simulator with the sources that it tests, one rule of them broken.
 *
 * Guarantees that the mutant breaks what it names: an edit that does not match exactly one place is an error.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildChanged, changesOf } from "../../support/changed-worker.ts";
import type { Mutant } from "../mutant.ts";
import { runSeedsInProcesses, type Summary } from "./run-seeds.ts";

/** Number of seeds within which each mutant must be detected. */
const MUTANT_SEEDS_MAX = 4000;

const WORKER = fileURLToPath(new URL("./seed-worker.ts", import.meta.url));

export interface SimulatorMutant extends Mutant {
  /** For a violation that few seeds show: where the run begins. 1 by default. */
  readonly firstSeed?: number;
}

/** Runs a mutant until it is detected, or through all its seeds. null: an unbroken copy. */
export async function runMutant(
  mutant: SimulatorMutant | null,
  seedsMax = MUTANT_SEEDS_MAX,
): Promise<Summary> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-mutant-"));
  try {
    // One module starts in a tenth of the time that the sources take.
    const worker = join(directory, "seed-worker.mjs");
    const changes = mutant ? changesOf(mutant) : {};
    await buildChanged(changes, { entryPoints: [WORKER], outfile: worker, platform: "node" });
    const seeds = { first: mutant?.firstSeed ?? 1, count: seedsMax, stopsAtFailure: true };
    return await runSeedsInProcesses(seeds, 1, pathToFileURL(worker));
  } finally {
    await rm(directory, { recursive: true });
  }
}
