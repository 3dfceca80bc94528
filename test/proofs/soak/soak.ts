/**
 * Mixed traffic on five gateways for as long as wanted, while keys are made, rotated and revoked and faults are put
 * in at random. Says what was wrong; the seed draws the same faults again, though not at the same moments.
 *
 * Real: the built Worker in one isolate per gateway, the ledgers, the sockets. Fake: the distances and the faults.
 */
import { setTimeout as pause } from "node:timers/promises";
import { startCluster } from "../../support/gateway-cluster.ts";
import { Random } from "../simulator/random.ts";
import { putInFaults } from "./faults.ts";
import { lostEvents, makeFirstKeys, manage } from "./managers.ts";
import { openFiles, residentMb } from "./process-figures.ts";
import { Tally } from "./tally.ts";
import { call, respond } from "./traffic.ts";
import type { World } from "./world.ts";

export interface SoakOptions {
  readonly bundle: string;
  readonly durationMs: number;
  readonly seed: number;
  readonly callersPerGateway: number;
  readonly pauseMs: number;
  readonly onProgress?: (tally: Tally) => void;
}

export interface SoakReport {
  readonly tally: Tally;
  readonly lostEvents: readonly string[];
  readonly events: number;
  readonly faults: ReadonlyMap<string, number>;
  /** workerd's resident size, once a second. */
  readonly memoryMb: readonly number[];
  /** workerd's open files before the traffic, and once it was over and calm; null where nobody says. */
  readonly openFiles: readonly [number | null, number | null];
}

const DELAYS_MS = [0, 10, 30, 60, 120];
/** Longer than deployed: gateways, clients and origins share one machine. */
const SETTINGS = { LEDGER_TIMEOUT_MS: 10_000, LOG_SAMPLE_RATE: 0 };
const MANAGERS = 2;
/**
 * For workerd, which has no limit of its own here: half of the heap that Cloudflare gives an isolate. Garbage is then
 * collected in time, and what memory shows is what is kept.
 */
const HEAP_LIMITS = "--max-old-space-size=64 --max-semi-space-size=4";
/** Until connections that nobody uses are closed. */
const CALM_MS = 8000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { bundle, durationMs, seed, callersPerGateway, pauseMs, onProgress } = options;
  // Miniflare takes workerd's flags from here alone.
  process.env.MINIFLARE_WORKERD_V8_FLAGS = HEAP_LIMITS;
  const cluster = await startCluster({ bundle, gateways: 5, delaysMs: DELAYS_MS, settings: SETTINGS });
  try {
    for (const origin of [cluster.live, cluster.sandbox]) origin.respond = respond;
    let endsAt = Number.POSITIVE_INFINITY;
    const world: World = {
      cluster,
      tally: new Tally(),
      random: new Random(seed),
      keys: [],
      acknowledged: new Map(),
      over: () => performance.now() > endsAt,
      pauseMs,
    };
    await makeFirstKeys(world);
    const filesBefore = openFiles(cluster.pid);
    endsAt = performance.now() + durationMs;

    const memoryMb: number[] = [];
    const sampling = setInterval(() => {
      const mb = residentMb(cluster.pid);
      if (mb !== null) memoryMb.push(mb);
      onProgress?.(world.tally);
    }, 1000);
    const callers = cluster.gateways.flatMap((_, gateway) =>
      Array.from({ length: callersPerGateway }, () => call(world, gateway)),
    );
    const managers = Array.from({ length: MANAGERS }, () => manage(world));
    const [faults] = await Promise.all([putInFaults(world), ...callers, ...managers]);
    clearInterval(sampling);

    await cluster.distance.liftAllFaults();
    const lost = await lostEvents(world);
    await pause(CALM_MS);
    const events = [...world.acknowledged.values()].reduce((sum, list) => sum + list.length, 0);
    const files = [filesBefore, openFiles(cluster.pid)] as const;
    return { tally: world.tally, lostEvents: lost, events, faults, memoryMb, openFiles: files };
  } finally {
    await cluster.close();
  }
}
