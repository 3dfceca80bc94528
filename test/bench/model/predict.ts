/**
 * Predicts the gateway's cost and latency for a load, compared with an implementation from the documentation ("usual"): a
 * KV read and a Durable Object call for every request. Pure.
 *
 * Every key is assumed to be equally busy, everywhere it is used, which is the worst case for caches and leases; further
 * assumptions are named constants.
 */
import { ENTRY_CACHE_MAX } from "../../../src/leases/key-cache.ts";
import { FLUSH_INTERVAL_MS } from "../../../src/ledger/key-usage.ts";
import { leaseTraffic, settledLeaseMs } from "./lease-traffic.ts";
import { dollarsPerMillion } from "./prices.ts";

export interface Load {
  readonly requestsPerSecond: number;
  readonly keys: number;
  readonly keysPerAccount: number;
  readonly locations: number;
  readonly isolatesPerLocation: number;
  /** Number of locations in which one key is used. */
  readonly locationsPerKey: number;
  /** Whether the keys have rate limits, far above their use. */
  readonly limited: boolean;
}

/** Measured: the CPU time of one request, of the whole workerd process. */
export interface Cpu {
  readonly gatewayMs: number;
  readonly usualMs: number;
}

export interface Prediction {
  /** Requests per second with one key on one isolate. */
  readonly perKeyAndIsolate: number;
  readonly leaseMs: number;
  readonly callsPerRequest: number;
  readonly kvReadsPerRequest: number;
  readonly rowsPerRequest: number;
  /** Calls per second to the object of one account. */
  readonly objectCallsPerSecond: number;
  readonly usualObjectCallsPerSecond: number;
  /** Per million requests. */
  readonly dollars: number;
  readonly usualDollars: number;
}

/** The platform guarantees nothing; isolates that live longer cost less. */
export const ISOLATE_LIFE_MINUTES = 30;
/** For a key in use, as Cloudflare reports it; favours usual, which waits for it every time. */
export const KV_READ_P50_MS = 1;
export const KV_READ_P99_MS = 5;
/** Between an isolate and the ledger; a longer one makes only slow keys slightly more expensive. */
export const ROUND_TRIP_MS = 80;
/** Of one call, for an object of 128 MB. */
export const LEDGER_WORK_MS = 1;
const LEDGER_GB = 0.128;
/** LOG_SAMPLE_RATE. */
export const LOG_LINES_PER_REQUEST = 0.01;
const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;
/** By Cloudflare's documentation. */
const HIBERNATES_AFTER_SECONDS = 10;

/** Calls per second that one object can serve, by Cloudflare's documentation. */
export const OBJECT_CALLS_PER_SECOND_MAX = 1000;

export function predict(load: Load, cpu: Cpu): Prediction {
  const isolatesPerKey = load.locationsPerKey * load.isolatesPerLocation;
  const perKey = load.requestsPerSecond / load.keys;
  const perKeyAndIsolate = perKey / isolatesPerKey;
  const perAccount = perKey * load.keysPerAccount;

  // Keys above the cache's size are evicted with their leases.
  const keysPerIsolate = (load.keys * load.locationsPerKey) / load.locations;
  const remembered = Math.min(1, ENTRY_CACHE_MAX / keysPerIsolate);
  const kvReadsPerRequest = 1 - remembered * (1 - newToIsolate(perKeyAndIsolate));
  const callsAt = (leaseMs: number) => {
    const { callsPerRequest } = leaseTraffic(perKeyAndIsolate, leaseMs, ROUND_TRIP_MS);
    return 1 - remembered * (1 - callsPerRequest);
  };
  const leaseMs = settledLeaseMs((length) => perAccount * callsAt(length));
  const callsPerRequest = callsAt(leaseMs);

  const permitRows = load.limited ? oncePerMinute(perKeyAndIsolate) : 0;
  const use = useOf(perKey, perAccount, perAccount * callsPerRequest);
  const rowsPerRequest =
    permitRows + oncePerMinute(perAccount * callsPerRequest) + use.writesPerRequest + use.alarmsPerRequest;
  const ledger = (calls: number) => ({
    ledgerCall: calls,
    ledgerGbSecond: (calls * LEDGER_WORK_MS * LEDGER_GB) / 1000,
    rowRead: calls,
  });
  return {
    perKeyAndIsolate,
    leaseMs,
    callsPerRequest,
    kvReadsPerRequest,
    rowsPerRequest,
    objectCallsPerSecond: perAccount * callsPerRequest,
    usualObjectCallsPerSecond: perAccount,
    dollars: dollarsPerMillion({
      request: 1,
      cpuMs: cpu.gatewayMs,
      kvRead: kvReadsPerRequest,
      rowWritten: rowsPerRequest,
      logLine: LOG_LINES_PER_REQUEST,
      ...ledger(callsPerRequest + use.alarmsPerRequest),
    }),
    usualDollars: dollarsPerMillion({ request: 1, cpuMs: cpu.usualMs, kvRead: 1, ...ledger(1) }),
  };
}

/** The rows and alarms with which a ledger writes when and how often its keys were used: see `key-usage.ts`. */
export function useOf(perKey: number, perAccount: number, callsPerSecond: number) {
  // A ledger that hibernates forgets which keys it has written within the last minute.
  const isAwake = 1 - Math.exp(-callsPerSecond * HIBERNATES_AFTER_SECONDS);
  const writes = 1 - isAwake * (1 - oncePerMinute(perKey));
  const unwrittenPerSecond = Math.max(0, callsPerSecond - writes * perAccount);
  const alarmsPerSecond =
    unwrittenPerSecond === 0 ? 0 : 1 / (FLUSH_INTERVAL_MS / 1000 + 1 / unwrittenPerSecond);
  const alarmsPerRequest = alarmsPerSecond / perAccount;
  return { alarmsPerRequest, writesPerRequest: writes + oncePer(DAY_SECONDS, perKey) };
}

/** The share of requests on an isolate that has not cached their key. Concurrent ones read it too. */
function newToIsolate(perSecond: number): number {
  const during = (perSecond * KV_READ_P99_MS) / 1000;
  return (1 + during) / (1 + during + perSecond * ISOLATE_LIFE_MINUTES * MINUTE_SECONDS);
}

/** Per request, for rows written at most once a minute. */
export function oncePerMinute(perSecond: number): number {
  return oncePer(MINUTE_SECONDS, perSecond);
}

function oncePer(seconds: number, perSecond: number): number {
  const perPeriod = perSecond * seconds;
  return (1 - Math.exp(-perPeriod)) / perPeriod;
}

export interface AddedLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The latency that the check adds beyond CPU: the round trip to the ledger, for a cached key. */
export function addedLatency(perKeyAndIsolate: number, roundTripMs: number, leaseMs: number): AddedLatency {
  const { waitingShare } = leaseTraffic(perKeyAndIsolate, leaseMs, roundTripMs);
  const at = (quantile: number) => (waitingShare > 1 - quantile ? roundTripMs : 0);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** The KV read, then the call of the object. */
export function usualLatency(roundTripMs: number): AddedLatency {
  return { p50Ms: KV_READ_P50_MS + roundTripMs, p99Ms: KV_READ_P99_MS + roundTripMs };
}
