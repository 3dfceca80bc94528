/**
 * A thread in which several commands of wrangler run, one after the other: loading wrangler takes longer than most of
 * them.
 *
 * Guarantees the installed wrangler's own `main` with the command's arguments, offline, in this process's directory. Not
 * covered: the exit code, and `bin/wrangler.js`, which starts `main` in a process.
 */

import { once } from "node:events";
import { createRequire, registerHooks } from "node:module";
import { dirname, join } from "node:path";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { localWranglerPath, OFFLINE_ENVIRONMENT } from "../../src/cli/local-wrangler.ts";
import { within } from "./time-limits.ts";

const COMMAND_LIMIT_MS = 120_000;
/** Distinguishes this thread from one that imports this file. */
const THREAD = "wrangler";
const MAIN_MODULE = "wrangler-dist/cli.js";

interface Outcome {
  readonly output: string;
  readonly error?: string;
}

export class WranglerThread {
  readonly #worker = new Worker(new URL(import.meta.url), {
    workerData: THREAD,
    env: {
      ...process.env,
      ...OFFLINE_ENVIRONMENT,
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_WRITE_LOGS: "false",
      NO_COLOR: "1",
    },
  });

  /** Resolves to standard output and standard error; rejects when the command fails. */
  async run(...args: string[]): Promise<string> {
    return await this.#ask(args, `wrangler ${args.join(" ")}`);
  }

  /** An environment of a wrangler.toml, as wrangler reads it. */
  async readConfig(config: string, env: string): Promise<unknown> {
    return JSON.parse(await this.#ask({ config, env }, `reading ${config}`));
  }

  async #ask(question: Question, what: string): Promise<string> {
    const answered = once(this.#worker, "message") as Promise<[Outcome]>;
    this.#worker.postMessage(question);
    const [{ output, error }] = await within(COMMAND_LIMIT_MS, what, answered);
    if (error !== undefined) throw new Error(`${what}: ${error}\n${output}`);
    return output;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

interface ConfigQuestion {
  readonly config: string;
  readonly env: string;
}

/** The arguments of a command, or which configuration to read. */
type Question = readonly string[] | ConfigQuestion;

interface Wrangler {
  readonly main: (args: readonly string[]) => Promise<void>;
  readonly unstable_readConfig: (question: ConfigQuestion) => unknown;
}

/** wrangler exports its parts, but not `main`. */
function loadWrangler(): Wrangler {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(MAIN_MODULE)) return loaded;
      return { ...loaded, source: `${loaded.source}\nexports.main = main;` };
    },
  });
  const path = join(dirname(localWranglerPath()), "..", MAIN_MODULE);
  return createRequire(import.meta.url)(path);
}

async function outcomeOf(wrangler: Wrangler, question: Question): Promise<Outcome> {
  let output = "";
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (text: string | Uint8Array) => {
      output += text;
      return true;
    };
  }
  try {
    if ("config" in question) return { output: JSON.stringify(wrangler.unstable_readConfig(question)) };
    await wrangler.main(question);
    return { output };
  } catch (error) {
    return { output, error: String(error) };
  }
}

if (workerData === THREAD && parentPort !== null) {
  const wrangler = loadWrangler();
  const port = parentPort;
  port.on("message", async (question: Question) => port.postMessage(await outcomeOf(wrangler, question)));
}
