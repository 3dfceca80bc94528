/**
 * npm run dev -- [wrangler dev flags]
 *
 * `wrangler dev` on this machine, with secrets made for it on the first run (.dev.vars). Every flag
 * is passed on untouched; without --port it listens on 8787. Ends when wrangler does, with its exit
 * code.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureDevVars } from "./dev-vars.ts";
import { devArguments, localWranglerPath, OFFLINE_ENVIRONMENT, PROJECT_DIRECTORY } from "./local-wrangler.ts";
import { onNpmExit } from "./npm-exit.ts";

await ensureDevVars(join(PROJECT_DIRECTORY, ".dev.vars"));

const wrangler = spawn(process.execPath, [localWranglerPath(), ...devArguments(process.argv.slice(2))], {
  cwd: PROJECT_DIRECTORY,
  env: { ...process.env, ...OFFLINE_ENVIRONMENT },
  stdio: "inherit",
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => wrangler.kill(signal));
}
onNpmExit(() => wrangler.kill("SIGTERM"));

wrangler.on("error", (error) => {
  console.error(`wrangler could not be started: ${error.message}`);
  process.exitCode = 1;
});
wrangler.on("exit", (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
});
