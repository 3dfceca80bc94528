/**
 * Builds the Worker with one rule broken, so that a test can show that it detects the change.
 */
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker } from "../support/build-worker.ts";
import { applyEdit, type Edit } from "./edit.ts";

const PROJECT = join(import.meta.dirname, "..", "..");

/** Returns the path of the bundle, and a function that removes it. */
export async function buildMutant(edit: Edit): ReturnType<typeof buildWorker> {
  const copy = await mkdtemp(join(tmpdir(), "octopost-mutant-"));
  try {
    for (const part of ["src", "wrangler.toml", "package.json"]) {
      await cp(join(PROJECT, part), join(copy, part), { recursive: true });
    }
    await symlink(join(PROJECT, "node_modules"), join(copy, "node_modules"));
    applyEdit(copy, edit);
    return await buildWorker(join(copy, "wrangler.toml"));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
