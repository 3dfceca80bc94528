// Runs the real command line as a child process, the way a shell does, and says exactly what came of it.
//
// The environment is the test's own: nothing of OCTOPOST_* is inherited, and there is no terminal unless the
// test claims one.

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { within } from "../support/time-limits.ts";

const KEYS = fileURLToPath(new URL("../../src/cli/keys.ts", import.meta.url));
/** Compiled code is kept between the many runs of a test, which halves their cost. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/keys-command", import.meta.url));
const LIMIT_MS = 60_000;
/** Makes the piped standard input pass for a terminal. */
const CLAIM_TERMINAL = "data:text/javascript,process.stdin.isTTY=true";

export interface KeysOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed or piped in; nothing, if left out. */
  readonly input?: string;
  readonly terminal?: boolean;
  readonly cwd?: string;
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
  const claim = options.terminal ? ["--import", CLAIM_TERMINAL] : [];
  const child = spawn(process.execPath, [...claim, KEYS, ...args], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILE_CACHE, ...options.env },
    cwd: options.cwd,
  });
  // A command that does not read its input may end before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  try {
    const outcome = Promise.all([ended, text(child.stdout), text(child.stderr)]);
    const [code, stdout, stderr] = await within(LIMIT_MS, `keys ${args.join(" ")}`, outcome);
    return {
      code,
      stdout,
      stderr,
      get json() {
        return JSON.parse(stdout);
      },
    };
  } finally {
    child.kill("SIGKILL");
  }
}

/** What tells the command line which gateway of a cluster to talk to, and whose keys it is about. */
export function environmentOf(cluster: GatewayCluster, account: string): Record<string, string> {
  const { host, port } = cluster.gateway(0);
  return {
    OCTOPOST_GATEWAY_URL: `http://${host}:${port}`,
    OCTOPOST_CONTROL_TOKEN: String(cluster.settings.CONTROL_TOKEN),
    OCTOPOST_ACCOUNT: account,
  };
}

/** The command line against one account of a cluster; `options.env` adds to the environment. */
export function keysOf(cluster: GatewayCluster, account: string): Keys {
  return (args, options = {}) =>
    runKeys(args, { ...options, env: { ...environmentOf(cluster, account), ...options.env } });
}

let accounts = 0;

/** An account that no other test uses, and the command line against it. */
export function ownAccount(cluster: GatewayCluster): { account: string; keys: Keys } {
  accounts += 1;
  const account = `acct-${accounts}`;
  return { account, keys: keysOf(cluster, account) };
}
