/**
 * The gateway as a child process: `wrangler dev`, quiet, with secrets and storage of its own.
 *
 * Guarantees: `stop` ends wrangler and everything it started (workerd, esbuild), and so does the
 * end of this process, short of a SIGKILL. Reads neither .dev.vars nor .wrangler/state, so that a
 * demo and `npm run dev` leave each other alone.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureDevVars } from "../cli/dev-vars.ts";
import { localWranglerPath, OFFLINE_ENVIRONMENT, PROJECT_DIRECTORY } from "../cli/local-wrangler.ts";
import type { Log } from "./demo-origin.ts";

const READY_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 5_000;
const POLL_MS = 250;
const STOP_TIMEOUT_MS = 10_000;

export interface GatewayProcess {
  url: string;
  controlToken: string;
  /** Rejects when wrangler ends without having been told to; never resolves. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Where it will answer; its origins are told before it starts. */
export function gatewayUrl(port: number): string {
  return `http://localhost:${port}`;
}

export async function startGateway(settings: {
  port: number;
  liveOrigin: string;
  sandboxOrigin: string;
  /** For secrets and storage; whoever made it removes it. */
  directory: string;
  log: Log;
}): Promise<GatewayProcess> {
  const secretsPath = join(settings.directory, "secrets.env");
  const secrets = await ensureDevVars(secretsPath);
  const flags = [
    ...["--port", String(settings.port), "--inspector-port", "0"],
    ...["--var", `LIVE_ORIGIN:${settings.liveOrigin}`, "--var", `SANDBOX_ORIGIN:${settings.sandboxOrigin}`],
    ...["--env-file", secretsPath, "--persist-to", join(settings.directory, "state")],
    ...["--show-interactive-dev-session=false", "--log-level", "warn"],
  ];
  const wrangler = spawn(process.execPath, [localWranglerPath(), "dev", ...flags], {
    cwd: PROJECT_DIRECTORY,
    env: {
      ...process.env,
      ...OFFLINE_ENVIRONMENT,
      WRANGLER_HIDE_BANNER: "true",
      // What wrangler would leave in the home directory and in /tmp goes when the directory goes.
      WRANGLER_WRITE_LOGS: "false",
      WRANGLER_REGISTRY_PATH: join(settings.directory, "registry"),
      TMPDIR: settings.directory,
      // wrangler prefers the environment to --env-file: a CONTROL_TOKEN exported here would win.
      ...secrets,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own: Ctrl-C reaches it through us alone, and all of it at once.
    detached: true,
  });
  let isStopping = false;
  for (const output of [wrangler.stdout, wrangler.stderr]) {
    // What it says while it is being stopped is about that alone.
    createInterface(output).on("line", (line) => isStopping || settings.log(`gateway  ${line}`));
  }
  const killAll = () => signalGroup(wrangler, "SIGKILL");
  process.once("exit", killAll);
  const ended = whenEnded(wrangler);
  const failed = ended.then((how): never | Promise<never> => {
    if (isStopping) return new Promise(() => {});
    throw new Error(`The gateway (wrangler dev) stopped by itself: ${how}`);
  });
  // Whoever awaits it is told; nobody awaiting it yet must not end this process.
  failed.catch(() => {});
  return {
    url: gatewayUrl(settings.port),
    controlToken: secrets.CONTROL_TOKEN,
    failed,
    async stop() {
      isStopping = true;
      signalGroup(wrangler, "SIGTERM");
      await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      killAll();
      await ended;
      process.off("exit", killAll);
    },
  };
}

/** Waits until the gateway refuses a request that has no key, which takes all of it to be in place. */
export async function waitUntilReady(gateway: GatewayProcess, stopped: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(READY_TIMEOUT_MS);
  const giveUp = AbortSignal.any([timeout, stopped]);
  let lastStatus: number | null = null;
  const poll = async () => {
    while (true) {
      const status = await statusWithoutKey(gateway, giveUp);
      if (status === 401) return;
      // A gateway that lacks a setting answers nothing else, ever. The second time, so that the line
      // in which it names the setting has been shown.
      if (status === 500 && lastStatus === 500) throw new Error("The gateway cannot work; see above why");
      lastStatus = status;
      await sleep(POLL_MS, undefined, { signal: giveUp });
    }
  };
  try {
    await Promise.race([poll(), gateway.failed]);
  } catch (error) {
    if (!timeout.aborted) throw error;
    const answer = lastStatus === null ? "does not answer" : `answers ${lastStatus}`;
    throw new Error(`The gateway is not ready after ${READY_TIMEOUT_MS / 1000} s: it ${answer}`);
  }
}

/** null: no answer. */
async function statusWithoutKey(gateway: GatewayProcess, giveUp: AbortSignal): Promise<number | null> {
  const signal = AbortSignal.any([giveUp, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    const response = await fetch(`${gateway.url}/v1/posts`, { signal });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}

function whenEnded(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

function signalGroup(leader: ChildProcess, signal: NodeJS.Signals): void {
  if (leader.pid === undefined) return;
  try {
    process.kill(-leader.pid, signal);
  } catch (error) {
    // ESRCH: the whole group has ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
