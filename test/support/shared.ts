/**
 * Clusters and browsers that the files of one vitest worker share (`isolate: false`): starting workerd or Chromium costs
 * more than most files.
 *
 * Guarantees: a file finds no fault, delay, count, log line, recorded request or open page of an earlier file, and
 * `createKey` uses accounts that no earlier file has used. Other accounts, keys and KV entries of earlier files are still
 * there, so tests use accounts of their own. Both end with the worker: Miniflare and
 * Playwright end their processes when Node exits (left-processes.ts covers the case that it is killed).
 */

import type { Browser } from "playwright-core";
import { startBrowser } from "./browser.ts";
import { type ClusterOptions, type GatewayCluster, startCluster } from "./gateway-cluster.ts";
import { recordProcess } from "./left-processes.ts";

/** What most journeys need: two gateways with the settings of wrangler.toml. */
export const TWO_GATEWAYS: ClusterOptions = { gateways: 2 };

const clusters = new Map<string, Promise<GatewayCluster>>();
const browsers = new Map<boolean, Promise<Browser>>();

/** The worker's cluster with exactly these options; not to be closed. */
export async function sharedCluster(options: ClusterOptions = {}): Promise<GatewayCluster> {
  const name = JSON.stringify(options, (_, value) => (value === undefined ? "left out" : value));
  const started = clusters.get(name);
  if (started === undefined) return await kept(clusters, name, startRecorded(options));
  const cluster = await started;
  const { delaysMs = [], kvDelayMs = 0, kvCacheMs = 0 } = options;
  await cluster.network.liftAllFaults();
  await cluster.network.configure({ delaysMs, kvDelayMs, kvCacheMs });
  await cluster.network.resetCounts();
  cluster.startOver();
  return cluster;
}

/** The worker's browser; not to be closed. */
export async function sharedBrowser({ keepsPages = false } = {}): Promise<Browser> {
  const started = browsers.get(keepsPages);
  if (started === undefined) return await kept(browsers, keepsPages, startBrowser({ keepsPages }));
  const browser = await started;
  await Promise.all(browser.contexts().map((context) => context.close()));
  return browser;
}

async function startRecorded(options: ClusterOptions): Promise<GatewayCluster> {
  const cluster = await startCluster(options);
  recordProcess((await import("vitest")).inject("workerBundle"), cluster.pid);
  return cluster;
}

/** Keeps what starts, unless it fails to. */
async function kept<K, T>(all: Map<K, Promise<T>>, name: K, start: Promise<T>): Promise<T> {
  all.set(name, start);
  start.catch(() => all.delete(name));
  return await start;
}
