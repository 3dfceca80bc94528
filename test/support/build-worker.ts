/**
 * Builds the Worker as it is deployed, once per run, for the tests that run it in workerd.
 *
 * As a vitest globalSetup it provides `workerBundle`, the path of the bundle, and unpacks the browser. BUNDLE_CONFIG beside the bundle holds
 * the settings that wrangler read from wrangler.toml, so that dates, flags and vars have one source.
 */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { localWranglerPath, OFFLINE_ENVIRONMENT, PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { writeBundleConfig } from "./bundle-config.ts";
import { endRecordedProcesses } from "./left-processes.ts";
import { HAS_PACKAGED_BROWSER, unpackedBrowser } from "./unpack-browser.ts";

declare module "vitest" {
  interface ProvidedContext {
    workerBundle: string;
  }
}

const BUILD_LIMIT_MS = 120_000;

/** Builds into a temporary directory of its own; `configPath` selects another Worker. */
export async function buildWorker(
  configPath = join(PROJECT_DIRECTORY, "wrangler.toml"),
): Promise<{ bundle: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-worker-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const build = ["deploy", "--dry-run", "--outdir", directory, "--config", configPath];
    // No requests to Cloudflare, whatever the machine's settings.
    const env = { ...process.env, ...OFFLINE_ENVIRONMENT };
    await promisify(execFile)(process.execPath, [localWranglerPath(), ...build], {
      env,
      timeout: BUILD_LIMIT_MS,
    });
    const main = await writeBundleConfig(directory, configPath);
    // wrangler names the bundle after the Worker's main module.
    const name = main.replace(/^.*\//, "").replace(/\.ts$/, ".js");
    return { bundle: join(directory, name), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Once, not by each worker that needs it.
  if (HAS_PACKAGED_BROWSER) await unpackedBrowser();
  const { bundle, remove } = await buildWorker();
  project.provide("workerBundle", bundle);
  return async () => {
    endRecordedProcesses(bundle);
    await remove();
  };
}
