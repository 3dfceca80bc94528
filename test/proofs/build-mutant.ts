/** Global set-up of tests on a mutant: provides the Worker built from the changed sources. */
import type { TestProject } from "vitest/node";
import { buildMutant } from "../support/changed-worker.ts";
import { TESTED_MUTANTS } from "./tested-mutants.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const mutant = TESTED_MUTANTS.find(({ name }) => name === project.name);
  if (mutant === undefined) throw new Error(`no mutant is named "${project.name}"`);
  const { bundle, remove } = await buildMutant(mutant);
  project.provide("workerBundle", bundle);
  return remove;
}
