/**
 * Runs the gateway as a child process: `wrangler dev`, with its own secrets and storage.
 *
 * Guarantees that `stop` ends wrangler and every process it started (workerd, esbuild), and that the exit of this
 * process does too, except by SIGKILL. It uses neither .dev.vars nor .wrangler/state, so that the demo and
 * `npm run dev` do not affect each other.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureDevVars } from "../cli/dev-vars.ts";
import { localWranglerPath, OFFLINE_ENVIRONMENT, PROJECT_DIRECTORY } from "../cli/local-wrangler.ts";
import type { Log } from "./demo-origin.ts";
import type { EventReceiver } from "./event-receiver.ts";

const READY_TIMEOUT_MS = 60_000;
const RESPONSE_TIMEOUT_MS = 5_000;
const POLL_MS = 250;
const STOP_TIMEOUT_MS = 10_000;

export interface GatewayProcess {
  readonly url: string;
  readonly controlToken: string;
  /** Rejects when wrangler exits before `stop`; never resolves. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Known before the gateway starts, since the origins need it. */
export function gatewayUrl(port: number): string {
  return `http://localhost:${port}`;
}

export async function startGateway(settings: {
  port: number;
  liveOrigin: string;
  sandboxOrigin: string;
  events: Pick<EventReceiver, "url" | "secret">;
  /** For secrets and storage; removed by the caller. */
  directory: string;
  log: Log;
}): Promise<GatewayProcess> {
  const secretsPath = join(settings.directory, "secrets.env");
  const secrets = await ensureDevVars(secretsPath);
  const flags = [
    ...["--port", String(settings.port), "--inspector-port", "0"],
    ...["--var", `LIVE_ORIGIN:${settings.liveOrigin}`, "--var", `SANDBOX_ORIGIN:${settings.sandboxOrigin}`],
    ...["--var", `PUBLIC_ORIGIN:${gatewayUrl(settings.port)}`],
    ...["--var", `EVENTS_URL:${settings.events.url}`, "--var", `EVENTS_SECRET:${settings.events.secret}`],
    ...["--env-file", secretsPath, "--persist-to", join(settings.directory, "state")],
    ...["--show-interactive-dev-session=false", "--log-level", "warn"],
  ];
  const wrangler = spawn(process.execPath, [localWranglerPath(), "dev", ...flags], {
    cwd: PROJECT_DIRECTORY,
    env: {
      ...process.env,
      ...OFFLINE_ENVIRONMENT,
      WRANGLER_HIDE_BANNER: "true",
      // Otherwise wrangler leaves files in the home directory and in /tmp.
      WRANGLER_WRITE_LOGS: "false",
      WRANGLER_REGISTRY_PATH: join(settings.directory, "registry"),
      TMPDIR: settings.directory,
      // In wrangler the environment overrides --env-file: an exported CONTROL_TOKEN would win.
      ...secrets,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A new process group: Ctrl-C does not reach it, and `stop` signals all of it at once.
    detached: true,
  });
  let isStopping = false;
  for (const output of [wrangler.stdout, wrangler.stderr]) {
    // Messages about the shutdown are not for the reader.
    createInterface(output).on("line", (line) => isStopping || settings.log(`gateway  ${line}`));
  }
  const killAll = () => signalGroup(wrangler, "SIGKILL");
  process.once("exit", killAll);
  const exited = exitOf(wrangler);
  const failed = exited.then((cause): never | Promise<never> => {
    if (isStopping) return new Promise(() => {});
    throw new Error(`The gateway (wrangler dev) exited: ${cause}`);
  });
  // A rejection before it is awaited must not end this process.
  failed.catch(() => {});
  return {
    url: gatewayUrl(settings.port),
    controlToken: secrets.CONTROL_TOKEN,
    failed,
    async stop() {
      isStopping = true;
      signalGroup(wrangler, "SIGTERM");
      await Promise.race([exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      killAll();
      await exited;
      process.off("exit", killAll);
    },
  };
}

/** Waits until the gateway answers 401 to a request without a key, which requires valid settings. */
export async function waitUntilReady(gateway: GatewayProcess, stopped: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(READY_TIMEOUT_MS);
  const signal = AbortSignal.any([timeout, stopped]);
  let lastStatus: number | null = null;
  const poll = async () => {
    while (true) {
      const status = await statusWithoutKey(gateway, signal);
      if (status === 401) return;
      // Invalid settings never become valid. On the second 500, the log line that names the setting has been printed.
      if (status === 500 && lastStatus === 500)
        throw new Error("The gateway's settings are invalid; see the lines above");
      lastStatus = status;
      await sleep(POLL_MS, undefined, { signal });
    }
  };
  try {
    await Promise.race([poll(), gateway.failed]);
  } catch (error) {
    if (!timeout.aborted) throw error;
    const response = lastStatus === null ? "no response" : `response ${lastStatus}`;
    throw new Error(`The gateway is not ready after ${READY_TIMEOUT_MS / 1000} s: ${response}`);
  }
}

/** null: no response. */
async function statusWithoutKey(gateway: GatewayProcess, stopped: AbortSignal): Promise<number | null> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(RESPONSE_TIMEOUT_MS)]);
  try {
    const response = await fetch(`${gateway.url}/v1/posts`, { signal });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}

function exitOf(child: ChildProcess): Promise<string> {
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
    // ESRCH: every process of the group has exited.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
