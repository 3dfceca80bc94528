/**
 * Builds the Worker from changed sources, to test what a change of the sources brings about: a copy of the project is
 * changed and built. The project itself is never changed.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { buildWorker } from "./build-worker.ts";

/** A source file's path below the project's directory, and its new text. */
export type SourceChanges = Readonly<Record<string, (text: string) => string>>;

/** The path of the bundle, and the function that removes it. */
export async function buildChangedWorker(changes: SourceChanges): ReturnType<typeof buildWorker> {
  const copy = await mkdtemp(join(tmpdir(), "octopost-changed-"));
  try {
    for (const part of ["src", "wrangler.toml", "package.json", "tsconfig.json"]) {
      await cp(join(PROJECT_DIRECTORY, part), join(copy, part), { recursive: true });
    }
    await symlink(join(PROJECT_DIRECTORY, "node_modules"), join(copy, "node_modules"));
    for (const [path, change] of Object.entries(changes)) {
      const text = await readFile(join(copy, path), "utf8");
      const changed = change(text);
      if (changed === text) throw new Error(`${path} was not changed`);
      await writeFile(join(copy, path), changed);
    }
    return await buildWorker(join(copy, "wrangler.toml"));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
