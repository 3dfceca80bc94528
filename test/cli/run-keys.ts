// Runs `npm run keys` and returns its exit code and output: with input, a terminal or a directory in a child process, like
// a shell does; otherwise in a worker thread, in a third of the time, with its own modules, arguments and environment.
//
// The command inherits no OCTOPOST_* variable, and has no terminal unless the test asks for one.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { within } from "../support/time-limits.ts";

const KEYS = fileURLToPath(new URL("../../src/cli/keys.ts", import.meta.url));
/** Caches compiled code between runs, which halves their cost. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/keys-command", import.meta.url));
const LIMIT_MS = 60_000;
/** Makes the pipes look like a terminal, with as many colours as TERM has. */
const FAKE_TERMINAL = `data:text/javascript,import tty from "node:tty";
const {stdin, stdout, stderr} = process; stdin.isTTY = stdout.isTTY = stderr.isTTY = true;
stdout.getColorDepth = stderr.getColorDepth = tty.WriteStream.prototype.getColorDepth;
stdout.columns = stderr.columns = `;
const PROMPTS = ["Type yes to continue:", "Key (not shown):"];

export interface KeysOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Piped to standard input; with `terminal`, typed once a prompt has appeared. */
  readonly input?: string | Uint8Array;
  /** The number of columns, or true for 200. */
  readonly terminal?: number | boolean;
  readonly cwd?: string;
  /** Runs src/cli/keys.ts itself, whose path `completion` prints. */
  readonly fromSource?: boolean;
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
  const needsProcess =
    options.terminal || options.input !== undefined || options.cwd !== undefined || options.fromSource;
  const command = await (needsProcess ? startProcess(args, options) : startThread(args, options));
  const outputs = Promise.all([text(command.stdout), text(command.stderr)]);
  try {
    const outcome = Promise.all([command.ended, outputs]);
    const [code, [stdout, stderr]] = await within(LIMIT_MS, `keys ${args.join(" ")}`, outcome);
    return {
      code,
      stdout,
      stderr,
      get json() {
        return JSON.parse(stdout);
      },
    };
  } finally {
    command.kill();
  }
}

interface RunningCommand {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<number | null>;
  readonly kill: () => void;
}

async function startProcess(args: readonly string[], options: KeysOptions): Promise<RunningCommand> {
  const { terminal = false, input = "" } = options;
  const columns = terminal === true ? 200 : terminal;
  const fake = columns === false ? [] : ["--import", encodeURI(`${FAKE_TERMINAL}${columns}`)];
  const child = spawn(process.execPath, [...fake, options.fromSource ? KEYS : await bundledKeys(), ...args], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILE_CACHE, ...options.env },
    cwd: options.cwd,
  });
  // A command that does not read its input may exit before it is written.
  child.stdin.on("error", () => {});
  if (terminal) typeAfterPrompts(child, input);
  else child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  return { stdout: child.stdout, stderr: child.stderr, ended, kill: () => void child.kill("SIGKILL") };
}

async function startThread(args: readonly string[], { env }: KeysOptions): Promise<RunningCommand> {
  // Standard input stays open: once it has ended, Node does not end a worker that has not read it.
  const worker = new Worker(await bundledKeys(), {
    argv: [...args],
    env: { PATH: process.env.PATH, ...env },
    stdin: true,
    stdout: true,
    stderr: true,
  });
  const ended = new Promise<number>((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", resolve);
  });
  return { stdout: worker.stdout, stderr: worker.stderr, ended, kill: () => void worker.terminate() };
}

let bundle: Promise<string> | undefined;

/** The path of one small file: a third of the time of many, which a thread or process would compile again. */
function bundledKeys(): Promise<string> {
  bundle ??= bundleKeys();
  return bundle;
}

async function bundleKeys(): Promise<string> {
  const outfile = join(tmpdir(), `octopost-keys-${process.pid}.mjs`);
  await build({
    entryPoints: [KEYS],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    // Some packages are CommonJS.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "silent",
  });
  process.once("exit", () => rmSync(outfile, { force: true }));
  return outfile;
}

/** Types one line of the input per prompt, or ends the input: a terminal discards what is typed before a prompt. */
function typeAfterPrompts(child: ChildProcessWithoutNullStreams, input: string | Uint8Array): void {
  const lines = String(input).match(/.*\n|.+$/g) ?? [];
  const awaited = new Set(PROMPTS);
  let output = "";
  child.stderr.on("data", (bytes: Buffer) => {
    output += bytes;
    for (const prompt of awaited) {
      if (!output.includes(prompt)) continue;
      // A prompt is printed again after every key.
      awaited.delete(prompt);
      const line = lines.shift();
      if (line === undefined) child.stdin.end();
      else child.stdin.write(line);
    }
  });
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
  const account = `acct-${accounts}`;
  return { account, keys: keysOf(cluster, account) };
}
