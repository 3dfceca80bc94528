/**
 * Miniflare's configuration of a test cluster: the Worker that owns the real ledger and KV namespace, the network Worker,
 * and the gateways, each an isolate of its own with the same bundle.
 *
 * Real: the bundle, the ledger's class and SQLite storage, workerd's KV. Fake: the connections between gateways, ledger
 * and KV (network-worker.js), and KV itself, which is local.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { V4MiniflareOptions } from "miniflare";
import { BUNDLE_CONFIG, type BundleConfig } from "./bundle-config.ts";
import type { Caller } from "./network.ts";

export type Settings = Readonly<Record<string, string | number | undefined>>;

export const NETWORK = "network";
const OWNER = "owner";
/** As in wrangler.toml; Miniflare counts per name, not per location. */
const RATE_LIMITS = { FAILED_LOOKUPS: { namespace_id: "1001", simple: { limit: 20, period: 60 as const } } };
const LOOPBACK = [{ host: "127.0.0.1", port: 0 }];

export type ClusterWorkers = Extract<V4MiniflareOptions, { workers: unknown }>["workers"];
type Worker = ClusterWorkers[number];

export function gatewayName(index: number): string {
  return `gateway-${index}`;
}

/**
 * `bundle`: path of the built Worker. A setting that is undefined is left out. `gatewaySettings` override `settings` for
 * single gateways, like versions of a Worker that serve side by side.
 */
export function clusterWorkers(
  bundle: string,
  gateways: number,
  settings: Settings,
  gatewaySettings: readonly Settings[] = [],
): ClusterWorkers {
  const config: BundleConfig = JSON.parse(readFileSync(join(dirname(bundle), BUNDLE_CONFIG), "utf8"));
  const built = readFileSync(bundle, "utf8");
  const bindings = defined({ ...config.vars, ...settings });
  const common = {
    compatibilityDate: config.compatibilityDate,
    compatibilityFlags: [...config.compatibilityFlags],
  };
  const workers: Worker[] = [];
  for (let index = 0; index < gateways; index++) {
    workers.push({
      ...common,
      ...modules({ "worker.js": built }),
      name: gatewayName(index),
      bindings: defined({ ...bindings, ...gatewaySettings[index] }),
      durableObjects: { KEY_LEDGER: { className: `RemoteLedger${index}`, scriptName: NETWORK } },
      serviceBindings: { API_KEYS: kvOf(index) },
      ratelimits: RATE_LIMITS,
      unsafeDirectSockets: LOOPBACK,
    });
  }
  workers.push({ ...common, ...networkWorker(gateways) });
  workers.push({
    ...common,
    ...modules({ "owner.js": script("ledger-owner.js"), "bundle.js": built }),
    name: OWNER,
    bindings,
    durableObjects: { KEY_LEDGER: { className: "KeyLedger", useSQLite: true } },
    serviceBindings: { API_KEYS: kvOf("owner") },
    ratelimits: RATE_LIMITS,
  });
  return workers;
}

function networkWorker(gateways: number): Worker {
  // A class per gateway, because a Durable Object does not know its caller.
  const names = Array.from({ length: gateways }, (_, index) => `RemoteLedger${index}`);
  const entry = [
    'import { remoteLedger } from "./network-worker.js";',
    'export { default, RemoteKv } from "./network-worker.js";',
    ...names.map((name, index) => `export const ${name} = remoteLedger(${index});`),
  ].join("\n");
  return {
    ...modules({ "entry.js": entry, "network-worker.js": script("network-worker.js") }),
    name: NETWORK,
    durableObjects: {
      LEDGER: { className: "KeyLedger", scriptName: OWNER },
      ...Object.fromEntries(names.map((className) => [className, { className }])),
    },
    kvNamespaces: { KV: "api-keys" },
    unsafeDirectSockets: LOOPBACK,
  };
}

function kvOf(caller: Caller) {
  return { name: NETWORK, entrypoint: "RemoteKv", props: { caller } };
}

/** Modules given as text; the first is the main module. */
function modules(contents: Record<string, string>) {
  const list = Object.entries(contents).map(([name, text]) => ({
    type: "ESModule" as const,
    path: join(import.meta.dirname, name),
    contents: text,
  }));
  return { modules: list, modulesRoot: import.meta.dirname };
}

function script(name: string): string {
  return readFileSync(join(import.meta.dirname, name), "utf8");
}

function defined(settings: Record<string, unknown>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number
  >;
}
