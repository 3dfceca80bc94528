/**
 * What a holder knows of its permits in each window, and what the ledger's answers change about it. Pure.
 *
 * Guarantees that what was used is never forgotten while the ledger may still count it, nor given up again; and that
 * an answer which was overtaken brings nothing back.
 */
import type { BucketGrant, PermitGrant } from "./protocol.ts";

/** The permits in one window. */
export interface PermitWindow {
  readonly endsAt: number;
  revision: number;
  granted: number;
  ceiling: number;
  used: number;
  /** What the last report has said of `used`. */
  reported: number;
  /** The least that any response has promised. */
  advertisedRemaining: number;
}

/** A window stays known for a while after its end, for a ledger whose clock turns out to be behind. */
const KNOWN_AFTER_END_MS = 60_000;

/** Writes down what the ledger says; returns the windows that are known from here on. */
export function applyGrants(known: readonly PermitWindow[], { current, next }: BucketGrant): PermitWindow[] {
  const windows = known.filter(({ endsAt }) => endsAt > current.endsAt - KNOWN_AFTER_END_MS);
  for (const grant of next ? [current, next] : [current]) {
    const held = windows.find(({ endsAt }) => endsAt === grant.endsAt);
    if (held) noteGrant(held, grant);
    else windows.push({ ...grant, used: 0, reported: 0, advertisedRemaining: Number.POSITIVE_INFINITY });
  }
  return windows;
}

function noteGrant(held: PermitWindow, { revision, granted, ceiling }: PermitGrant): void {
  // An answer that was overtaken knows nothing of what has been given up since.
  if (revision < held.revision) return;
  // What was used since the ledger was asked cannot be given up, also when it has lowered the limit.
  held.granted = Math.max(held.used, revision > held.revision ? granted : Math.min(held.granted, granted));
  held.revision = revision;
  held.ceiling = ceiling;
}
