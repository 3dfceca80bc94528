/**
 * Builds the Worker without its key page and control plane, for tests of the code that an API request loads: the same
 * entry point and gateway, with stubs in place of the rest.
 */
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { buildWorker } from "./build-worker.ts";

/** Stubs for every module of `control/` and `portal/` that the rest imports; a missing one fails the build. */
const NOTHING_BEHIND: Readonly<Record<string, string>> = {
  "control/control-api.ts": 'import { Hono } from "../http/hono.ts"; export const controlApi = new Hono();',
  "control/control-plane.ts": "export class ControlPlane {}",
  "control/key-service.ts": "export class KeyService {}",
  "portal/key-page.tsx": 'import { Hono } from "../http/hono.ts"; export const keyPage = new Hono();',
};

/** Returns the path of the bundle, and a function that removes it. */
export async function buildDataPlane(): ReturnType<typeof buildWorker> {
  const copy = await mkdtemp(join(tmpdir(), "octopost-data-plane-"));
  try {
    for (const part of ["src", "wrangler.toml", "package.json"]) {
      await cp(join(PROJECT_DIRECTORY, part), join(copy, part), { recursive: true });
    }
    await symlink(join(PROJECT_DIRECTORY, "node_modules"), join(copy, "node_modules"));
    for (const part of ["control", "portal"]) {
      await rm(join(copy, "src", part), { recursive: true });
      await mkdir(join(copy, "src", part));
    }
    for (const [path, code] of Object.entries(NOTHING_BEHIND)) await writeFile(join(copy, "src", path), code);
    return await buildWorker(join(copy, "wrangler.toml"));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
