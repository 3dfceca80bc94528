/**
 * Mixed traffic on five gateways for a given time, while keys are created, changed and ended in every way, limits are used
 * up, people use the key page, and random faults are injected. Reports violations. The seed repeats the same choices, though
 * not at the same moments.
 *
 * Real: the built Worker in one isolate per gateway, the ledgers, the sockets. Fake: the distances and the faults, GitHub, and the receiver of events.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ScanningKeys } from "../../control/scanning-keys.ts";
import type { Settings } from "../../support/cluster-workers.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { eventually } from "../../support/time-limits.ts";
import { WebhookReceiver } from "../../support/webhook-receiver.ts";
import { Random } from "../simulator/random.ts";
import { AcknowledgedEvents, readLog, undelivered } from "./acknowledged-events.ts";
import { CONTROL_CREDENTIALS } from "./control-calls.ts";
import { failingReceiver, injectFaults } from "./fault-injection.ts";
import { churnKeys, createInitialKeys } from "./key-churn.ts";
import { type LimitedReport, useLimitedKeys } from "./limited-traffic.ts";
import { openFiles, residentMb } from "./process-stats.ts";
import { ACCOUNT_NAMES, SoakAccount, type SoakContext } from "./soak-context.ts";
import { LEASE_MS, SoakResults } from "./soak-results.ts";
import { respond, sendRequests } from "./traffic.ts";

export interface SoakOptions {
  readonly bundle: string;
  readonly durationMs: number;
  /** The soak continues until this many requests were accepted and changes made, for at most EXTENSIONS_MAX times its duration. */
  readonly minimum?: { readonly accepted: number; readonly events: number };
  readonly seed: number;
  readonly clientsPerGateway: number;
  readonly pauseMs: number;
  readonly hasQuietMinutes: boolean;
  readonly onProgress?: (results: SoakResults) => void;
}

export interface SoakReport {
  readonly results: SoakResults;
  /** Acknowledged changes without their event, and events without their message. */
  readonly wrongEvents: readonly string[];
  readonly events: number;
  /** That the receiver got, the ones that it refused included. */
  readonly messages: number;
  readonly limits: LimitedReport;
  readonly faults: ReadonlyMap<string, number>;
  /** Resident set size of workerd, once a second. */
  readonly memoryMb: readonly number[];
  /** Open files of workerd before the traffic, and after it once idle; null where unknown. */
  readonly openFiles: readonly [number | null, number | null];
}

const EVENTS_SECRET = `whsec_${Buffer.alloc(32, "soak").toString("base64")}`;
const DELAYS_MS = [0, 10, 30, 60, 120];
/** Longer than in production, because gateways, clients and origins share one machine. */
const SETTINGS = {
  LEASE_MS,
  LEDGER_TIMEOUT_MS: 10_000,
  LOG_SAMPLE_RATE: 0,
  CONTROL_CREDENTIALS,
  EVENTS_SECRET,
};
const CHURNING_CLIENTS = 5;
const EXTENSIONS_MAX = 10;
/** A message whose second attempt was lost with its ledger waits for minutes. */
const DELIVERED_WITHIN_MS = 400_000;
/**
 * Half of the heap that Cloudflare gives an isolate; workerd has no limit of its own here. Garbage is then collected in
 * time, so that growth means retained memory.
 */
const HEAP_LIMITS = "--max-old-space-size=64 --max-semi-space-size=4";
/** Until idle connections are closed. */
const IDLE_CLOSE_MS = 8000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { bundle, durationMs, seed, clientsPerGateway, pauseMs, hasQuietMinutes, onProgress } = options;
  const github = await ScanningKeys.start();
  const receiver = await WebhookReceiver.start(EVENTS_SECRET);
  const settings = { ...SETTINGS, EVENTS_URL: receiver.url, SECRET_SCANNING_KEYS_URL: github.url };
  const cluster = await startWithLittleMemory(bundle, settings);
  try {
    for (const origin of [cluster.live, cluster.sandbox]) origin.respond = respond;
    const { accepted, events: changes } = options.minimum ?? { accepted: 0, events: 0 };
    let endsAt = Number.POSITIVE_INFINITY;
    const context: SoakContext = {
      cluster,
      github,
      receiver,
      results: new SoakResults(),
      random: new Random(seed),
      accounts: ACCOUNT_NAMES.map((name) => new SoakAccount(name)),
      keys: [],
      events: new AcknowledgedEvents(),
      isOver: () => {
        const lateMs = performance.now() - endsAt;
        const isEnough = context.results.accepted >= accepted && context.events.count >= changes;
        return lateMs > (isEnough ? 0 : EXTENSIONS_MAX * durationMs);
      },
      pauseMs,
      hasQuietMinutes,
    };
    receiver.respond = failingReceiver(context);
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
    const [faults, limits] = await Promise.all([
      injectFaults(context),
      useLimitedKeys(context),
      ...clients,
      ...churning,
    ]);
    clearInterval(sampling);

    await cluster.network.liftAllFaults();
    receiver.acceptAll();
    const wrongEvents = await findWrongEvents(context);
    await pause(IDLE_CLOSE_MS);
    const files = [filesBefore, openFiles(cluster.pid)] as const;
    const { results, events } = context;
    return {
      results,
      wrongEvents,
      events: events.count,
      messages: receiver.messages.length,
      limits,
      faults,
      memoryMb,
      openFiles: files,
    };
  } finally {
    await cluster.close();
    await github.close();
    await receiver.close();
  }
}

/** Every account's log, and its messages, once all of them have been sent. */
async function findWrongEvents({ cluster, events, receiver }: SoakContext): Promise<string[]> {
  const wrong: string[] = [];
  for (const account of events.accounts) {
    const isSent = async () =>
      (await cluster.network.ledgerRows(account, "SELECT 1 FROM outbox LIMIT 1")).length === 0;
    await eventually(`the messages of ${account}`, isSent, DELIVERED_WITHIN_MS).catch((error: Error) =>
      wrong.push(error.message),
    );
    const log = await readLog(cluster, account);
    wrong.push(...events.differences(account, log), ...undelivered(account, log, receiver));
  }
  return wrong;
}

async function startWithLittleMemory(bundle: string, settings: Settings): Promise<GatewayCluster> {
  // The only way to pass flags to Miniflare's workerd.
  process.env.MINIFLARE_WORKERD_V8_FLAGS = HEAP_LIMITS;
  try {
    return await startCluster({ bundle, gateways: 5, delaysMs: DELAYS_MS, settings });
  } finally {
    delete process.env.MINIFLARE_WORKERD_V8_FLAGS;
  }
}
