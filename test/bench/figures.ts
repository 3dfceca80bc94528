/** What a run found, and the figures made from it: medians over rounds, ratios and differences within a round. Pure. */

/** One contestant in one round of one scenario. */
export interface Round {
  /** Answers a second. */
  readonly perSecond: number;
  /** Of the server's process, for each answer. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not as expected, and connections that broke. */
  readonly failures: number;
  /** How far the server's memory rose above what it was, at most; where that is watched. */
  readonly grownMb?: number;
}

/** By contestant; the same index is the same round. */
export type Rounds = Readonly<Record<string, readonly Round[]>>;

/** The parts come from the last run that measured them, so that one can be measured anew alone. */
export interface Results {
  readonly machine: string;
  readonly workerd: string;
  /** Answers a second that the origin alone gives, so that it is seen not to be the limit. */
  readonly originPerSecond: number;
  /** The day of each part's last measurement. */
  readonly measuredOn: Readonly<Record<string, string>>;
  /** By scenario. */
  readonly scenarios: Readonly<Record<string, Rounds>>;
  readonly sizeAndStart?: SizeAndStart;
  readonly calls?: StoreCalls;
  readonly coldStarts?: readonly ColdStart[];
  readonly openStreams?: Readonly<Record<string, OpenRequests>>;
  readonly growth: Growth;
  /** Parts that the last run could not measure, and why. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Of what is deployed. */
export interface SizeAndStart {
  readonly gzipBytes: number;
  /** Without the key page and the control plane. */
  readonly dataPlaneGzipBytes: number;
  readonly startCpuMs: number;
}

/** Counted at the stores. */
export interface StoreCalls {
  /** One key on one isolate, 100 requests a second. */
  readonly ledgerCallsPerRequest: number;
  readonly requests: number;
  readonly junkRequests: number;
  readonly kvReadsOfJunk: number;
  readonly ledgerCallsOfJunk: number;
}

/** First requests of isolates that have served none, with a key that they have never seen; medians. */
export interface ColdStart {
  /** To KV and to the ledger, there and back. */
  readonly distanceMs: number;
  readonly bareMs: number;
  /** The first request, and the one after it. */
  readonly gatewayMs: readonly [number, number];
  readonly usualMs: readonly [number, number];
}

/** What requests cost that are open and do nothing. */
export interface OpenRequests {
  readonly count: number;
  /** What the server's memory grew by. */
  readonly grownMb: number;
  /** Milliseconds of CPU in a second, for all of them. */
  readonly cpuMsPerSecond: number;
}

/** What of it was measured. */
export interface Growth {
  /** By the account's number of keys: a lease call, first and again. */
  readonly leaseMs?: readonly { readonly keys: number; readonly first: number; readonly again: number }[];
  readonly isolates?: readonly IsolatesRow[];
  /** Requests waiting for the origin, by contestant. */
  readonly inFlight?: Readonly<Record<string, readonly OpenRequests[]>>;
  readonly cache?: FullCache;
}

/** One key, each isolate asked as often. */
export interface IsolatesRow {
  readonly isolates: number;
  readonly ledgerCallsPerIsolateSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** An isolate that remembers as many keys as it can. */
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

/** `figure` of one contestant against another's, each within one round; with the quarter and three-quarter points. */
export function ratioOf(rounds: Rounds, one: string, other: string, figure: Figure): Ratio {
  return spreadOf(rounds, one, other, (a, b) => a[figure] / b[figure]);
}

/** How much more of `figure` one contestant has than another, within one round. */
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
  if (below === undefined || above === undefined) throw new Error("no rounds, no quantile");
  return below + (above - below) * (position - Math.floor(position));
}
