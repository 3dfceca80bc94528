/**
 * How the scripts of this project call wrangler: the installed version, with the Node that runs the script, never a
 * global wrangler or an older Node in the PATH. Starts nothing itself.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of wrangler.toml. */
export const PROJECT_DIRECTORY = fileURLToPath(new URL("../..", import.meta.url));

/** Environment variables that switch off usage reports and the download of a sample `request.cf`. */
export const OFFLINE_ENVIRONMENT = {
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
} as const;

/** The gateway alone answers 502: a first run of `npm run dev` without origins would look broken. */
export const DEV_NOTE = `npm run dev starts the gateway only, and a gateway needs origins: it forwards live keys to LIVE_ORIGIN and test keys
to SANDBOX_ORIGIN (http://localhost:9101 and http://localhost:9102 in wrangler.toml). Without a server there, requests
get 502. Start your origins on these ports, or pass --var LIVE_ORIGIN:<url> --var SANDBOX_ORIGIN:<url>.
npm start brings demo origins and keys.
`;

/** The script of the local wrangler, to be run with `process.execPath`. */
export function localWranglerPath(): string {
  const manifestPath = createRequire(import.meta.url).resolve("wrangler/package.json");
  const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as { bin: { wrangler: string } };
  return join(dirname(manifestPath), manifest.bin.wrangler);
}

const DEFAULT_PORT = "8787";

/**
 * The flags unchanged, with a port if they name none, and with that port in `PUBLIC_ORIGIN`, unless a flag or `vars`
 * (of .dev.vars) sets it: rewritten addresses and links lead to the gateway that runs.
 */
export function devArguments(
  flags: readonly string[],
  vars: Readonly<Record<string, string>> = {},
): string[] {
  const named = flagValue(flags, "--port");
  const port = named ?? DEFAULT_PORT;
  const scheme = flagValue(flags, "--local-protocol") === "https" ? "https" : "http";
  const isSet =
    vars.PUBLIC_ORIGIN !== undefined || flags.some((flag) => /^(?:--var=)?PUBLIC_ORIGIN:/.test(flag));
  const publicOrigin =
    isSet || !/^[1-9]\d*$/.test(port) ? [] : ["--var", `PUBLIC_ORIGIN:${scheme}://localhost:${port}`];
  // Ahead of the flags: several values of one flag may follow their name.
  return ["dev", ...(named === null ? ["--port", port] : []), ...publicOrigin, ...flags];
}

/** The value of a flag in either spelling; null: not among the flags. */
function flagValue(flags: readonly string[], name: string): string | null {
  const at = flags.findLastIndex((flag) => flag === name || flag.startsWith(`${name}=`));
  if (at === -1) return null;
  return flags[at] === name ? (flags[at + 1] ?? "") : (flags[at] as string).slice(name.length + 1);
}

export function isHelp(flags: readonly string[]): boolean {
  return flags.some((flag) => flag === "--help" || flag === "-h");
}
