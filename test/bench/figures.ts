/** The results of a run, and figures derived from them: medians over rounds, ratios and differences within a round. Pure. */

/** One contestant in one round of one scenario. */
export interface Round {
  /** Answers per second. */
  readonly perSecond: number;
  /** CPU time of the server's process per answer. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Unexpected answers and broken connections. */
  readonly failures: number;
  /** Peak growth of the server's memory, where it is measured. */
  readonly grownMb?: number;
}

/** By contestant; equal indexes are the same round. */
export type Rounds = Readonly<Record<string, readonly Round[]>>;

/** Each part is from the last run that measured it, so that a part can be measured alone. */
export interface Results {
  readonly machine: string;
  readonly workerd: string;
  /** Answers per second of the origin alone, which shows that it is not the limit. */
  readonly originPerSecond: number;
  /** Date of each part's last measurement. */
  readonly measuredOn: Readonly<Record<string, string>>;
  /** By scenario. */
  readonly scenarios: Readonly<Record<string, Rounds>>;
  readonly sizeAndStart?: SizeAndStart;
  readonly calls?: StoreCalls;
  readonly coldStarts?: readonly ColdStart[];
  readonly openStreams?: Readonly<Record<string, OpenRequests>>;
  readonly growth: Growth;
  /** Parts that the last run could not measure, with the reason. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Size of the deployed bundle. */
export interface SizeAndStart {
  readonly gzipBytes: number;
  /** Without the key page and the control plane. */
  readonly dataPlaneGzipBytes: number;
  readonly startCpuMs: number;
}

/** Calls counted at the stores. */
export interface StoreCalls {
  /** One key on one isolate, 100 requests a second. */
  readonly ledgerCallsPerRequest: number;
  readonly requests: number;
  readonly junkRequests: number;
  readonly kvReadsOfJunk: number;
  readonly ledgerCallsOfJunk: number;
}

/** First requests of new isolates with a key that they have not seen; medians. */
export interface ColdStart {
  /** Round trip to KV and to the ledger. */
  readonly distanceMs: number;
  readonly bareMs: number;
  /** The first request and the second. */
  readonly gatewayMs: readonly [number, number];
  readonly usualMs: readonly [number, number];
  /** The first request after the lease has expired. */
  readonly expiredMs?: number;
  /** CPU of the process for the first request. */
  readonly firstCpuMs?: { readonly gateway: number; readonly usual: number };
}

/** The cost of idle open requests. */
export interface OpenRequests {
  readonly count: number;
  /** Growth of the server's memory. */
  readonly grownMb: number;
  /** Milliseconds of CPU per second, for all of them. */
  readonly cpuMsPerSecond: number;
}

/** Measurements of growth. */
export interface Growth {
  /** By the account's number of keys: a first lease call and a repeated one. */
  readonly leaseMs?: readonly { readonly keys: number; readonly first: number; readonly again: number }[];
  readonly isolates?: readonly IsolatesRow[];
  /** Requests that wait on the origin, by contestant. */
  readonly inFlight?: Readonly<Record<string, readonly OpenRequests[]>>;
  readonly cache?: FullCache;
}

/** One key, at the same rate on each isolate. */
export interface IsolatesRow {
  readonly isolates: number;
  readonly ledgerCallsPerIsolateSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** An isolate with a full key cache. */
export interface FullCache {
  readonly keys: number;
  readonly bytesEach: number;
}

export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

type Figure = "perSecond" | "cpuUs" | "p50Ms" | "p99Ms";

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Ratio of `figure` between two contestants, within each round; with quartiles. */
export function ratioOf(rounds: Rounds, one: string, other: string, figure: Figure): Ratio {
  return spreadOf(rounds, one, other, (a, b) => a[figure] / b[figure]);
}

/** Difference of `figure` between two contestants, within each round. */
export function addedBy(rounds: Rounds, one: string, other: string, figure: Figure): Ratio {
  return spreadOf(rounds, one, other, (a, b) => a[figure] - b[figure]);
}

export function medianOf(rounds: Rounds, contestant: string, figure: Figure | "grownMb"): number {
  return median((rounds[contestant] ?? []).map((round) => round[figure] ?? Number.NaN));
}

function spreadOf(rounds: Rounds, one: string, other: string, of: (a: Round, b: Round) => number): Ratio {
  const others = rounds[other] ?? [];
  const values = (rounds[one] ?? []).flatMap((round, index) => {
    const against = others[index];
    return against === undefined ? [] : [of(round, against)];
  });
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (below === undefined || above === undefined) throw new Error("no rounds");
  return below + (above - below) * (position - Math.floor(position));
}
