/**
 * How the commands of this project call `wrangler dev`: the installed one, with the Node that runs
 * the command, so that neither a global wrangler nor an older Node in the PATH gets in between.
 * Starts nothing by itself.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where wrangler.toml is. */
export const PROJECT_DIRECTORY = fileURLToPath(new URL("../..", import.meta.url));

/** Added to the environment: no usage reports, and no call home for the sample `request.cf`. */
export const OFFLINE_ENVIRONMENT = {
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
} as const;

/** What `process.execPath` has to run to get the local wrangler. */
export function localWranglerPath(): string {
  const manifestPath = createRequire(import.meta.url).resolve("wrangler/package.json");
  const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as { bin: { wrangler: string } };
  return join(dirname(manifestPath), manifest.bin.wrangler);
}

/** The flags as they came; a port is added when they name none. */
export function devArguments(flags: readonly string[]): string[] {
  const namesPort = flags.some((flag) => flag === "--port" || flag.startsWith("--port="));
  return ["dev", ...(namesPort ? [] : ["--port", "8787"]), ...flags];
}
