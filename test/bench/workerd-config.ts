/** The configuration of workerd, in Cap'n Proto's text format. Pure. */

export interface WorkerOptions {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars?: Readonly<Record<string, string | number>>;
  readonly ledger?: LedgerOptions;
  readonly kv?: string;
  readonly rateLimit?: string;
  readonly dataset?: string;
  /**
   * Round trips to the stores in milliseconds. With it, ledger calls are counted and pass a subclass of the ledger; without
   * it, nothing stands in between.
   */
  readonly distance?: { readonly kvMs: number; readonly ledgerMs: number };
  /** Isolates of the same code with the same stores, each on its own port. The first one has the ledger. */
  readonly isolates?: number;
  readonly inspectorPort?: number;
  /** The command, with its arguments, that runs workerd; workerd itself if absent. */
  readonly under?: readonly string[];
}

export interface LedgerOptions {
  readonly binding: string;
  /** The class of the Durable Object bound under that name. */
  readonly className: string;
  /** The method that a request calls on it. */
  readonly method: string;
}

/** By file name; the files are beside the configuration. */
export type Modules = Readonly<Record<string, string>>;

export const MAIN = "worker.js";
export const DISTANT = "distant-ledger.js";
const OWNER = "isolate-0";

export const socketOf = (isolate: number) => `http-${isolate}`;

/** The Worker's own modules, and a wrapper of the main one if its stores are distant. */
export function modulesOf(worker: Modules, { ledger, distance }: WorkerOptions): Modules {
  if (ledger === undefined || distance === undefined) return worker;
  return { [DISTANT]: distantLedger(ledger, distance.ledgerMs), ...worker };
}

export function configOf(modules: Modules, options: WorkerOptions): string {
  const isolates = Array.from({ length: options.isolates ?? 1 }, (_, isolate) => isolate);
  const services = isolates.map(
    (isolate) => `(name = "isolate-${isolate}", worker = ${workerOf(modules, options, isolate)})`,
  );
  const sockets = isolates.map((isolate) => socket(socketOf(isolate), `"isolate-${isolate}"`));
  // The main module comes first and may load others.
  const counts = DISTANT in modules ? [socket("calls", `(name = "${OWNER}", entrypoint = "Calls")`)] : [];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.join(",\n    ")},
    (name = "stores", worker = (
      modules = [(name = "stores.js", esModule = ${text(STORES)})],
      compatibilityDate = "2026-10-01",
      bindings = [(name = "KV_DELAY_MS", json = "${options.distance?.kvMs ?? 0}")])),
    (name = "network", network = (allow = ["public", "private"])),
    (name = "disk", disk = (writable = true)),
  ],
  extensions = [(modules = [(name = "bench:dataset", esModule = ${text(DATASET)}, internal = true)])],
  sockets = [${[...sockets, ...counts, socket("stores", '"stores"')].join(", ")}],
);
`;
}

function workerOf(modules: Modules, options: WorkerOptions, isolate: number): string {
  const embedded = Object.keys(modules).map(
    (name) => `(name = ${text(name)}, esModule = embed ${text(name)})`,
  );
  const namespaces =
    options.ledger && isolate === 0
      ? `durableObjectNamespaces = [(className = ${text(options.ledger.className)}, uniqueKey = "ledger", enableSql = true)],
      durableObjectStorage = (localDisk = "disk"),`
      : "";
  return `(
      modules = [${embedded.join(", ")}],
      compatibilityDate = ${text(options.compatibilityDate)},
      compatibilityFlags = [${options.compatibilityFlags.map(text).join(", ")}],
      bindings = [${bindingsOf(options).join(", ")}],
      ${namespaces}
      globalOutbound = "network")`;
}

function bindingsOf({ vars = {}, ledger, kv, rateLimit, dataset }: WorkerOptions): string[] {
  const settings = Object.entries(vars).map(([name, value]) =>
    typeof value === "number"
      ? `(name = ${text(name)}, json = ${text(String(value))})`
      : `(name = ${text(name)}, text = ${text(value)})`,
  );
  const namespace = `(className = ${text(ledger?.className ?? "")}, serviceName = "${OWNER}")`;
  return [
    ...settings,
    ...(ledger ? [`(name = ${text(ledger.binding)}, durableObjectNamespace = ${namespace})`] : []),
    ...(kv ? [`(name = ${text(kv)}, kvNamespace = "stores")`] : []),
    ...(rateLimit
      ? [`(name = ${text(rateLimit)}, service = (name = "stores", entrypoint = "RateLimit"))`]
      : []),
    ...(dataset ? [`(name = ${text(dataset)}, wrapped = (moduleName = "bench:dataset"))`] : []),
  ];
}

function socket(name: string, service: string): string {
  return `(name = ${text(name)}, address = "127.0.0.1:0", http = (), service = ${service})`;
}

/** Cap'n Proto's string literals are C's, which are close enough to JSON's. */
function text(value: string): string {
  return JSON.stringify(value);
}

/** Accepts and drops a data point, like Miniflare's; workerd's own would make a request for each. */
const DATASET = "export default () => ({ writeDataPoint() {} });";

/** KV over HTTP as workerd calls it (a POST reads many), a rate limiter without a limit, and the counter of reads. */
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
    if (name === "") return Response.json({ count: reads });
    if (request.method === "POST") {
      const { keys } = await request.json();
      const valueOf = (key) => (entries.has(key) ? new TextDecoder().decode(entries.get(key)) : null);
      return Response.json(Object.fromEntries(keys.map((key) => [key, valueOf(key)])));
    }
    if (request.method === "PUT") { entries.set(name, await request.arrayBuffer()); return new Response(null); }
    if (request.method === "DELETE") { entries.delete(name); return new Response(null); }
    reads += 1;
    if (env.KV_DELAY_MS > 0) await scheduler.wait(env.KV_DELAY_MS);
    return entries.has(name) ? new Response(entries.get(name)) : new Response(null, { status: 404 });
  },
};
`;

/** The Worker with a ledger whose method is delayed and counted. */
function distantLedger({ className, method }: LedgerOptions, ledgerMs: number): string {
  return `
import worker, * as parts from "./${MAIN}";
export * from "./${MAIN}";
export default worker;
let calls = 0;
if (!(${text(method)} in parts.${className}.prototype)) throw new Error("the ledger has no such method");
export class ${className} extends parts.${className} {
  async ${method}(...args) {
    calls += 1;
    if (${ledgerMs} > 0) await scheduler.wait(${ledgerMs / 2});
    const answer = await super.${method}(...args);
    if (${ledgerMs} > 0) await scheduler.wait(${ledgerMs / 2});
    return answer;
  }
}
export const Calls = { fetch: () => Response.json({ count: calls }) };
`;
}
