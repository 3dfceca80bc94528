/** Global set-up of tests on a mutant: provides the Worker built from the changed sources. */
import type { TestProject } from "vitest/node";
import { buildMutant } from "./changed-worker.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { bundle, remove } = await buildMutant(JSON.parse(process.env.MUTANT ?? ""));
  project.provide("workerBundle", bundle);
  return remove;
}
