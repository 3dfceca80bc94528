/**
 * What the gateway costs and how long its requests wait, predicted for a load, beside what one would write from the
 * documentation: a KV read and a Durable Object call for every request. Pure.
 *
 * Every key is taken to be as busy as every other and to be used evenly wherever it is used, which is the worst that
 * can happen to a cache and to a lease; what is assumed beyond that has a name here.
 */
import { ENTRY_CACHE_MAX } from "../../../src/leases/key-cache.ts";
import { leaseTraffic, settledLeaseMs } from "./lease-traffic.ts";
import { dollarsPerMillion } from "./prices.ts";

export interface Load {
  readonly requestsPerSecond: number;
  readonly keys: number;
  readonly keysPerAccount: number;
  readonly locations: number;
  readonly isolatesPerLocation: number;
  /** In how many of the locations one key is used. */
  readonly locationsPerKey: number;
  /** Whether the keys have rate limits, far enough from what they use. */
  readonly limited: boolean;
}

/** Measured: the CPU time of one request, all of the workerd process. */
export interface Cpu {
  readonly gatewayMs: number;
  readonly usualMs: number;
}

export interface Prediction {
  /** Requests a second with one key on one isolate. */
  readonly perKeyAndIsolate: number;
  readonly leaseMs: number;
  readonly callsPerRequest: number;
  readonly kvReadsPerRequest: number;
  readonly rowsPerRequest: number;
  /** Calls a second to the object of one account. */
  readonly objectCallsPerSecond: number;
  readonly usualObjectCallsPerSecond: number;
  /** For a million requests. */
  readonly dollars: number;
  readonly usualDollars: number;
}

/** The platform promises nothing about it; isolates that live longer cost less. */
export const ISOLATE_LIFE_MINUTES = 30;
/** Of a key in use, as Cloudflare reports it: kind to usual, which waits for it every time. */
export const KV_READ_P50_MS = 1;
export const KV_READ_P99_MS = 5;
/** Between an isolate and the ledger; only slow keys are a little dearer with a longer one. */
export const ROUND_TRIP_MS = 80;
/** For one call, of an object of 128 MB. */
export const LEDGER_WORK_MS = 1;
const LEDGER_GB = 0.128;
/** LOG_SAMPLE_RATE. */
export const LOG_LINES_PER_REQUEST = 0.01;
const MINUTE_SECONDS = 60;

/** What an object can do a second, by Cloudflare's documentation. */
export const OBJECT_CALLS_PER_SECOND_MAX = 1000;

export function predict(load: Load, cpu: Cpu): Prediction {
  const isolatesPerKey = load.locationsPerKey * load.isolatesPerLocation;
  const perKey = load.requestsPerSecond / load.keys;
  const perKeyAndIsolate = perKey / isolatesPerKey;
  const perAccount = perKey * load.keysPerAccount;

  // What does not fit into an isolate's memory is forgotten with its lease.
  const keysPerIsolate = (load.keys * load.locationsPerKey) / load.locations;
  const remembered = Math.min(1, ENTRY_CACHE_MAX / keysPerIsolate);
  const kvReadsPerRequest = 1 - remembered * (1 - newToIsolate(perKeyAndIsolate));
  const callsAt = (leaseMs: number) => {
    const { callsPerRequest } = leaseTraffic(perKeyAndIsolate, leaseMs, ROUND_TRIP_MS);
    return 1 - remembered * (1 - callsPerRequest);
  };
  const leaseMs = settledLeaseMs((length) => perAccount * callsAt(length));
  const callsPerRequest = callsAt(leaseMs);

  // A permit's row is written once and deleted once; when a key was used last is one more.
  const permitRows = load.limited ? 2 * oncePerMinute(perKeyAndIsolate) : 0;
  const rowsPerRequest = permitRows + oncePerMinute(perKey);
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
      ...ledger(callsPerRequest),
    }),
    usualDollars: dollarsPerMillion({ request: 1, cpuMs: cpu.usualMs, kvRead: 1, ...ledger(1) }),
  };
}

/** The share of requests that find an isolate which has not met their key. Those that come meanwhile read it too. */
function newToIsolate(perSecond: number): number {
  const during = (perSecond * KV_READ_P99_MS) / 1000;
  return (1 + during) / (1 + during + perSecond * ISOLATE_LIFE_MINUTES * MINUTE_SECONDS);
}

/** For each request, of what is written at most once a minute. */
export function oncePerMinute(perSecond: number): number {
  const perMinute = perSecond * MINUTE_SECONDS;
  return (1 - Math.exp(-perMinute)) / perMinute;
}

export interface AddedLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the check adds beyond its own work: the way to the ledger, for a key that the isolate knows. */
export function addedLatency(perKeyAndIsolate: number, roundTripMs: number, leaseMs: number): AddedLatency {
  const { waitingShare } = leaseTraffic(perKeyAndIsolate, leaseMs, roundTripMs);
  const at = (quantile: number) => (waitingShare > 1 - quantile ? roundTripMs : 0);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** The KV read, then the way to the object. */
export function usualLatency(roundTripMs: number): AddedLatency {
  return { p50Ms: KV_READ_P50_MS + roundTripMs, p99Ms: KV_READ_P99_MS + roundTripMs };
}
