/**
 * Builds the Worker with one rule broken, for its tests to notice.
 *
 * A mutant is a copy of `src/` with one passage replaced. The passage occurs exactly once, or the build fails:
 * a mutant whose code has moved away breaks no rule.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker } from "../../support/build-worker.ts";
import type { Edit } from "../simulator/mutant.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "..");

/** The path of the bundle, and what removes it. */
export async function buildMutant({ file, find, replace }: Edit): ReturnType<typeof buildWorker> {
  const copy = await mkdtemp(join(tmpdir(), "octopost-mutant-"));
  try {
    for (const part of ["src", "wrangler.toml", "package.json"]) {
      await cp(join(PROJECT, part), join(copy, part), { recursive: true });
    }
    await symlink(join(PROJECT, "node_modules"), join(copy, "node_modules"));
    const pieces = (await readFile(join(copy, file), "utf8")).split(find);
    if (pieces.length !== 2)
      throw new Error(`${file} has this ${pieces.length - 1} times, not once: ${find}`);
    await writeFile(join(copy, file), pieces.join(replace));
    return await buildWorker(join(copy, "wrangler.toml"));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
