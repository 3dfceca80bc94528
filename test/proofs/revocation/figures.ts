/**
 * Derives the published figures from a history: the time from the call of a restriction to the last accepted request that it
 * forbids, and to the answer. Pure.
 */
import type { Case, History } from "./history.ts";

/** Milliseconds from the call, one value per restriction, unordered. */
export interface Figures {
  /** 0 when nothing was accepted after the call. */
  readonly lastAcceptedMs: readonly number[];
  readonly answerMs: readonly number[];
}

export function figuresOf(history: History, { restriction, situation }: Case): Figures {
  const made = history.restrictions.filter(
    (one) => one.restriction === restriction && one.situation === situation,
  );
  const undoneAt = new Map(made.map(({ keyId, undoneAt = Infinity }) => [keyId, undoneAt]));
  const lastAcceptedAt = new Map<string, number>();
  for (const { keyId, status, headersAt, startedAt, allowed } of history.requests) {
    if (allowed || status !== 200 || headersAt === undefined) continue;
    if (startedAt > (undoneAt.get(keyId) ?? Infinity)) continue;
    lastAcceptedAt.set(keyId, Math.max(headersAt, lastAcceptedAt.get(keyId) ?? headersAt));
  }
  return {
    lastAcceptedMs: made.map(({ keyId, calledAt }) =>
      Math.max(0, (lastAcceptedAt.get(keyId) ?? calledAt) - calledAt),
    ),
    answerMs: made.map(({ calledAt, answeredAt }) => answeredAt - calledAt),
  };
}

export function merged(figures: readonly Figures[]): Figures {
  return {
    lastAcceptedMs: figures.flatMap(({ lastAcceptedMs }) => lastAcceptedMs),
    answerMs: figures.flatMap(({ answerMs }) => answerMs),
  };
}

/** By nearest rank: the smallest value that at least `percent` of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const ascending = values.toSorted((a, b) => a - b);
  const rank = Math.ceil((percent / 100) * ascending.length);
  return ascending[Math.max(0, rank - 1)] ?? Number.NaN;
}

/** `p50 1,003 ms, …` as one cell per figure. */
export function summary(values: readonly number[]): string[] {
  return [50, 90, 99, 100].map((percent) => percentile(values, percent).toFixed(0));
}
