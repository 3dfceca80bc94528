/**
 * npm run dev -- [wrangler dev flags]
 *
 * Runs `wrangler dev` with secrets in .dev.vars, which the first run creates. Every flag is passed on unchanged;
 * without --port it listens on 8787. PUBLIC_ORIGIN follows the port, unless it is set. Exits when wrangler does, with
 * its exit code.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureDevVars } from "./dev-vars.ts";
import {
  DEV_NOTE,
  devArguments,
  isHelp,
  localWranglerPath,
  OFFLINE_ENVIRONMENT,
  PROJECT_DIRECTORY,
} from "./local-wrangler.ts";
import { onNpmExit } from "./npm-exit.ts";

const flags = process.argv.slice(2);
console.error(DEV_NOTE);
const vars = isHelp(flags) ? {} : await ensureDevVars(join(PROJECT_DIRECTORY, ".dev.vars"));

const wrangler = spawn(process.execPath, [localWranglerPath(), ...devArguments(flags, vars)], {
  cwd: PROJECT_DIRECTORY,
  env: { ...process.env, ...OFFLINE_ENVIRONMENT },
  stdio: "inherit",
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => wrangler.kill(signal));
}
onNpmExit(() => wrangler.kill("SIGTERM"));

wrangler.on("error", (error) => {
  console.error(`wrangler did not start: ${error.message}`);
  process.exitCode = 1;
});
wrangler.on("exit", (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
});
