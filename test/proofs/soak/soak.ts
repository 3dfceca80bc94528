/**
 * Mixed traffic on five gateways for a given time, while keys are created, rotated and revoked and random faults are
 * injected. Reports violations. The seed repeats the same faults, though not at the same moments.
 *
 * Real: the built Worker in one isolate per gateway, the ledgers, the sockets. Fake: the distances and the faults.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { Random } from "../simulator/random.ts";
import { injectFaults } from "./fault-injection.ts";
import { churnKeys, createInitialKeys, findLostEvents } from "./key-churn.ts";
import { openFiles, residentMb } from "./process-stats.ts";
import type { SoakContext } from "./soak-context.ts";
import { SoakResults } from "./soak-results.ts";
import { respond, sendRequests } from "./traffic.ts";

export interface SoakOptions {
  readonly bundle: string;
  readonly durationMs: number;
  readonly seed: number;
  readonly clientsPerGateway: number;
  readonly pauseMs: number;
  readonly onProgress?: (results: SoakResults) => void;
}

export interface SoakReport {
  readonly results: SoakResults;
  readonly lostEvents: readonly string[];
  readonly events: number;
  readonly faults: ReadonlyMap<string, number>;
  /** Resident set size of workerd, once a second. */
  readonly memoryMb: readonly number[];
  /** Open files of workerd before the traffic, and after it once idle; null where unknown. */
  readonly openFiles: readonly [number | null, number | null];
}

const DELAYS_MS = [0, 10, 30, 60, 120];
/** Longer than in production, because gateways, clients and origins share one machine. */
const SETTINGS = { LEDGER_TIMEOUT_MS: 10_000, LOG_SAMPLE_RATE: 0 };
const CHURNING_CLIENTS = 2;
/**
 * Half of the heap that Cloudflare gives an isolate; workerd has no limit of its own here. Garbage is then collected in
 * time, so that growth means retained memory.
 */
const HEAP_LIMITS = "--max-old-space-size=64 --max-semi-space-size=4";
/** Until idle connections are closed. */
const IDLE_CLOSE_MS = 8000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { bundle, durationMs, seed, clientsPerGateway, pauseMs, onProgress } = options;
  const cluster = await startWithLittleMemory(bundle);
  try {
    for (const origin of [cluster.live, cluster.sandbox]) origin.respond = respond;
    let endsAt = Number.POSITIVE_INFINITY;
    const context: SoakContext = {
      cluster,
      results: new SoakResults(),
      random: new Random(seed),
      keys: [],
      acknowledged: new Map(),
      isOver: () => performance.now() > endsAt,
      pauseMs,
    };
    await createInitialKeys(context);
    const filesBefore = openFiles(cluster.pid);
    endsAt = performance.now() + durationMs;

    const memoryMb: number[] = [];
    const sampling = setInterval(() => {
      const mb = residentMb(cluster.pid);
      if (mb !== null) memoryMb.push(mb);
      onProgress?.(context.results);
    }, 1000);
    const clients = cluster.gateways.flatMap((_, gateway) =>
      Array.from({ length: clientsPerGateway }, () => sendRequests(context, gateway)),
    );
    const churning = Array.from({ length: CHURNING_CLIENTS }, () => churnKeys(context));
    const [faults] = await Promise.all([injectFaults(context), ...clients, ...churning]);
    clearInterval(sampling);

    await cluster.network.liftAllFaults();
    const lost = await findLostEvents(context);
    await pause(IDLE_CLOSE_MS);
    const events = [...context.acknowledged.values()].reduce((sum, list) => sum + list.length, 0);
    const files = [filesBefore, openFiles(cluster.pid)] as const;
    return { results: context.results, lostEvents: lost, events, faults, memoryMb, openFiles: files };
  } finally {
    await cluster.close();
  }
}

async function startWithLittleMemory(bundle: string): Promise<GatewayCluster> {
  // The only way to pass flags to Miniflare's workerd.
  process.env.MINIFLARE_WORKERD_V8_FLAGS = HEAP_LIMITS;
  try {
    return await startCluster({ bundle, gateways: 5, delaysMs: DELAYS_MS, settings: SETTINGS });
  } finally {
    delete process.env.MINIFLARE_WORKERD_V8_FLAGS;
  }
}
