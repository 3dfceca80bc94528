/**
 * Runs one Worker in a workerd process of its own, as bare as the runtime allows: plain sockets in, plain
 * fetches out. Miniflare would put a Worker of its own in the way of every fetch, which would flatter
 * whoever is compared.
 *
 * Real: workerd, Durable Objects with SQLite on disk, Analytics Engine's binding as far as workerd has it.
 * Fake: KV and the rate limiter (stores-worker.js), in the same process.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

export interface WorkerOptions {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars?: Readonly<Record<string, string | number>>;
  /** The class of the Durable Object bound under that name. */
  readonly ledger?: { readonly binding: string; readonly className: string };
  readonly kv?: string;
  readonly rateLimit?: string;
  readonly dataset?: string;
  /** Milliseconds that a KV read takes. */
  readonly kvDelayMs?: number;
  readonly inspectorPort?: number;
}

export interface RunningWorker {
  readonly pid: number;
  readonly port: number;
  /** KV reads so far: `GET /` on this port. */
  readonly storesPort: number;
  readonly close: () => Promise<void>;
}

/** `code`: the Worker as one module. */
export async function startWorkerd(code: string, options: WorkerOptions): Promise<RunningWorker> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-bench-"));
  await writeFile(join(directory, "worker.js"), code);
  await writeFile(join(directory, "config.capnp"), configOf(options));
  const args = ["serve", "--experimental", "--control-fd=3", `--directory-path=disk=${directory}`];
  if (options.inspectorPort !== undefined) args.push(`--inspector-addr=127.0.0.1:${options.inspectorPort}`);
  const workerd = spawn(workerdPath(), [...args, join(directory, "config.capnp")], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const close = async () => {
    const closed = new Promise((resolve) => workerd.once("exit", resolve));
    workerd.kill();
    await closed;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const ports = await portsFrom(workerd.stdio[3] as Readable);
    return {
      pid: workerd.pid as number,
      port: ports.http as number,
      storesPort: ports.stores as number,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function workerdPath(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
  return require("workerd").default as string;
}

async function portsFrom(control: Readable): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  let text = "";
  for await (const chunk of control) {
    text += chunk;
    for (const line of text.split("\n").slice(0, -1)) {
      const message = JSON.parse(line);
      if (message.event === "listen") ports[message.socket] = message.port;
    }
    if (ports.http !== undefined && ports.stores !== undefined) return ports;
  }
  throw new Error("workerd did not start");
}

function configOf(options: WorkerOptions): string {
  const { ledger, kv, rateLimit, dataset } = options;
  const vars = Object.entries(options.vars ?? {});
  const bindings = [
    ...vars.map(([name, value]) =>
      typeof value === "number"
        ? `(name = ${text(name)}, json = ${text(String(value))})`
        : `(name = ${text(name)}, text = ${text(value)})`,
    ),
    ledger && `(name = ${text(ledger.binding)}, durableObjectNamespace = ${text(ledger.className)})`,
    kv && `(name = ${text(kv)}, kvNamespace = "stores")`,
    rateLimit && `(name = ${text(rateLimit)}, service = (name = "stores", entrypoint = "RateLimit"))`,
    dataset && `(name = ${text(dataset)}, wrapped = (moduleName = "bench:dataset"))`,
  ].filter(Boolean);
  const namespaces = ledger
    ? `durableObjectNamespaces = [(className = ${text(ledger.className)}, uniqueKey = "ledger", enableSql = true)],
       durableObjectStorage = (localDisk = "disk"),`
    : "";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = ${text(options.compatibilityDate)},
      compatibilityFlags = [${options.compatibilityFlags.map(text).join(", ")}],
      bindings = [${bindings.join(", ")}],
      ${namespaces}
      globalOutbound = "network")),
    (name = "stores", worker = (
      modules = [(name = "stores.js", esModule = ${text(STORES)})],
      compatibilityDate = "2026-10-01",
      bindings = [(name = "KV_DELAY_MS", json = "${options.kvDelayMs ?? 0}")])),
    (name = "network", network = (allow = ["public", "private"])),
    (name = "disk", disk = (writable = true)),
  ],
  extensions = [(modules = [(name = "bench:dataset", esModule = ${text(DATASET)}, internal = true)])],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "worker"),
    (name = "stores", address = "127.0.0.1:0", http = (), service = "stores"),
  ],
);
`;
}

/** Cap'n Proto's string literals are those of C, near enough JSON's. */
function text(value: string): string {
  return JSON.stringify(value);
}

/** Takes a data point and drops it, as Miniflare's does; workerd's own would make a request of each. */
const DATASET = "export default () => ({ writeDataPoint() {} });";

/** KV over HTTP as workerd speaks it to its stores, a rate limiter that never says no, and the count of reads. */
const STORES = `
import { WorkerEntrypoint } from "cloudflare:workers";
const entries = new Map();
let reads = 0;
export class RateLimit extends WorkerEntrypoint {
  limit() { return { success: true }; }
}
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const name = decodeURIComponent(pathname.slice(1));
    if (name === "") return Response.json({ reads });
    if (request.method === "PUT") { entries.set(name, await request.arrayBuffer()); return new Response(null); }
    if (request.method === "DELETE") { entries.delete(name); return new Response(null); }
    reads += 1;
    if (env.KV_DELAY_MS > 0) await scheduler.wait(env.KV_DELAY_MS);
    return entries.has(name) ? new Response(entries.get(name)) : new Response(null, { status: 404 });
  },
};
`;
