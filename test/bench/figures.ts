/** What a run found, and the figures made from it: medians over rounds, ratios within a round. Pure. */

/** One contestant in one round of one scenario. */
export interface Round {
  /** Answers a second. */
  readonly perSecond: number;
  /** Of the server's process, for each answer. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export type Rounds = Readonly<Record<string, readonly Round[]>>;

export interface Results {
  readonly measuredOn: string;
  readonly machine: string;
  readonly workerd: string;
  /** Answers a second that the origin alone gives, so that it is seen not to be the limit. */
  readonly originPerSecond: number;
  /** By scenario, by contestant. */
  readonly scenarios: Readonly<Record<string, Rounds>>;
  readonly kvReadsOfJunk: number;
  /** Bytes, compressed with gzip. */
  readonly bundleGzipBytes: number;
}

export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `figure` of one contestant against another's, each within one round; with the quarter and three-quarter points. */
export function ratioOf(rounds: Rounds, one: string, other: string, figure: keyof Round): Ratio {
  const others = rounds[other] ?? [];
  const ratios = (rounds[one] ?? []).map(
    (round, index) => round[figure] / (others[index]?.[figure] ?? Number.NaN),
  );
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (below === undefined || above === undefined) throw new Error("no rounds, no quantile");
  return below + (above - below) * (position - Math.floor(position));
}
