// Runs `npm run keys` and returns its exit code and output: in a worker thread that runs one command after another, or, if
// the test asks for it, in a process of its own, which takes longer.
//
// The command inherits no OCTOPOST_* variable, and has no terminal unless the test asks for one.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { within } from "../support/time-limits.ts";
import type { ThreadCommand, ThreadResult } from "./keys-thread.ts";
import { typeAfterPrompts } from "./typed-input.ts";

export const KEYS_COMMAND = fileURLToPath(new URL("../../src/cli/keys.ts", import.meta.url));
const THREAD = new URL("keys-thread.ts", import.meta.url);
const LIMIT_MS = 60_000;
const COLUMNS = 200;
/** Makes the pipes look like a terminal, with as many colours as TERM has. */
const FAKE_TERMINAL = `data:text/javascript,import tty from "node:tty";
const {stdin, stdout, stderr} = process; stdin.isTTY = stdout.isTTY = stderr.isTTY = true;
stdout.getColorDepth = stderr.getColorDepth = tty.WriteStream.prototype.getColorDepth;
stdout.columns = stderr.columns = `;

export interface KeysOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Piped to standard input; with `terminal`, typed once a prompt has appeared. */
  readonly input?: string | Uint8Array;
  /** The number of columns, or true for 200. */
  readonly terminal?: number | boolean;
  /** Runs in a process of its own. */
  readonly process?: boolean;
}

export interface KeysResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON document it must be. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any;
}

export type Keys = (args: readonly string[], options?: KeysOptions) => Promise<KeysResult>;

export async function runKeys(args: readonly string[], options: KeysOptions = {}): Promise<KeysResult> {
  const { env, input = "", terminal = false, process: inProcess = false } = options;
  const command: ThreadCommand = {
    args,
    env: { PATH: process.env.PATH, ...env },
    input,
    columns: terminal === true ? COLUMNS : terminal || null,
  };
  const result = await (inProcess ? runProcess(command) : runInThread(command));
  return {
    ...result,
    get json() {
      return JSON.parse(result.stdout);
    },
  };
}

async function runProcess({ args, env, input, columns }: ThreadCommand) {
  const fake = columns === null ? [] : ["--import", encodeURI(`${FAKE_TERMINAL}${columns}`)];
  const child = spawn(process.execPath, [...fake, KEYS_COMMAND, ...args], {
    env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
  });
  // A command that does not read its input may exit before it is written.
  child.stdin.on("error", () => {});
  if (columns === null) child.stdin.end(input);
  else typeAfterPrompts(child.stderr, child.stdin, input);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const outcome = Promise.all([exited, text(child.stdout), text(child.stderr)]);
    const [code, stdout, stderr] = await within(LIMIT_MS, `keys ${args.join(" ")}`, outcome);
    return { code, stdout, stderr };
  } finally {
    child.kill("SIGKILL");
  }
}

/** Several only while commands run at the same time. */
const idleThreads: Worker[] = [];

async function runInThread(command: ThreadCommand): Promise<ThreadResult> {
  const thread = idleThreads.pop() ?? new Worker(THREAD);
  // Rejects when the thread fails.
  const answered = once(thread, "message") as Promise<[ThreadResult | Error]>;
  thread.ref();
  thread.postMessage(command);
  try {
    const [answer] = await within(LIMIT_MS, `keys ${command.args.join(" ")}`, answered);
    if (answer instanceof Error) throw answer;
    // An idle thread does not keep the process of the tests alive.
    thread.unref();
    idleThreads.push(thread);
    return answer;
  } catch (error) {
    await thread.terminate();
    throw error;
  }
}

/** The variables that select a gateway of a cluster and an account. */
export function environmentOf(cluster: GatewayCluster, account: string): Record<string, string> {
  const { host, port } = cluster.gateway(0);
  return {
    OCTOPOST_GATEWAY_URL: `http://${host}:${port}`,
    OCTOPOST_CONTROL_TOKEN: String(cluster.settings.CONTROL_TOKEN),
    OCTOPOST_ACCOUNT: account,
  };
}

/** Runs commands for one account of a cluster; `options.env` adds to the environment. */
export function keysOf(cluster: GatewayCluster, account: string): Keys {
  return (args, options = {}) =>
    runKeys(args, { ...options, env: { ...environmentOf(cluster, account), ...options.env } });
}

let accounts = 0;

/** An account that no other test uses, and its commands. */
export function ownAccount(cluster: GatewayCluster): { account: string; keys: Keys } {
  accounts += 1;
  const account = `cli-${accounts}`;
  return { account, keys: keysOf(cluster, account) };
}
