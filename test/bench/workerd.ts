/**
 * Runs one Worker in its own workerd process, with nothing added: plain sockets in, plain fetches out. Miniflare would add
 * a Worker of its own to every fetch, which would favour the contestants with less work.
 *
 * Real: workerd, Durable Objects with SQLite on disk, and Analytics Engine's binding as far as workerd has it. Fake: KV,
 * the rate limiter and the distance to the stores (workerd-config.ts), in the same process.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { endingWithUs } from "./child-processes.ts";
import {
  configOf,
  DISTANT,
  type Modules,
  modulesOf,
  socketOf,
  type WorkerOptions,
} from "./workerd-config.ts";

/** A process that answers HTTP. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface RunningWorker extends Server {
  /** Of every isolate; `port` is that of the first one. */
  readonly ports: readonly number[];
  readonly kvReads: () => Promise<number>;
  /** Only with a distance: the calls of its requests so far. */
  readonly ledgerCalls: () => Promise<number>;
}

const START_LIMIT_MS = 30_000;
/** Characters. */
const COMPLAINTS_MAX = 2000;

export async function startWorkerd(worker: Modules, options: WorkerOptions): Promise<RunningWorker> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-bench-"));
  const modules = modulesOf(worker, options);
  for (const [name, code] of Object.entries(modules)) await writeFile(join(directory, name), code);
  await writeFile(join(directory, "config.capnp"), configOf(modules, options));
  const args = ["serve", "--experimental", "--control-fd=3", `--directory-path=disk=${directory}`];
  if (options.inspectorPort !== undefined) args.push(`--inspector-addr=127.0.0.1:${options.inspectorPort}`);
  const command = [...(options.under ?? []), workerdPath(), ...args, join(directory, "config.capnp")];
  const workerd = endingWithUs(
    spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "ignore", "pipe", "pipe"] }),
  );
  // workerd logs every disconnected client, which the load causes; the log is shown only if the start fails.
  let complaints = "";
  workerd.stderr?.on("data", (text) => {
    complaints = `${complaints}${text}`.slice(-COMPLAINTS_MAX);
  });
  const exited = new Promise((resolve) => workerd.once("exit", resolve));
  const close = async () => {
    // Pending work is irrelevant, and open connections would delay the end.
    workerd.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { isolates = 1 } = options;
    const stores = DISTANT in modules ? ["stores", "calls"] : ["stores"];
    const sockets = await socketsFrom(workerd.stdio[3] as Readable, isolates + stores.length);
    const ports = Array.from({ length: isolates }, (_, isolate) => sockets[socketOf(isolate)] as number);
    return {
      pid: workerd.pid as number,
      port: ports[0] as number,
      ports,
      kvReads: () => countAt(sockets.stores),
      ledgerCalls: () => countAt(sockets.calls),
      close,
    };
  } catch (error) {
    await close();
    throw new Error(`${(error as Error).message}: ${complaints}`);
  }
}

async function countAt(port: number | undefined): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  return ((await answer.json()) as { count: number }).count;
}

function workerdPath(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
  return require("workerd").default as string;
}

/** Ports by socket name, once all of them listen. */
async function socketsFrom(control: Readable, count: number): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  const tooLong = setTimeout(
    () => control.destroy(new Error("workerd did not start in time")),
    START_LIMIT_MS,
  );
  let text = "";
  for await (const chunk of control) {
    text += chunk;
    for (const line of text.split("\n").slice(0, -1)) {
      const message = JSON.parse(line);
      if (message.event === "listen") ports[message.socket] = message.port;
    }
    if (Object.keys(ports).length < count) continue;
    clearTimeout(tooLong);
    return ports;
  }
  clearTimeout(tooLong);
  throw new Error("workerd did not start");
}
