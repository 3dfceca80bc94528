/**
 * A holder's permits in each window, and how the ledger's grants change them. Pure.
 *
 * Guarantees that a used permit is never returned, and not forgotten while the ledger may still count it; and that an
 * overtaken answer does not restore returned permits.
 */
import type { BucketGrant, PermitGrant } from "./protocol.ts";

/** The permits of one window. */
export interface PermitWindow {
  readonly endsAt: number;
  revision: number;
  granted: number;
  ceiling: number;
  limit: number;
  elsewhere: number;
  used: number;
  /** The permits that the ledger regards as used since the last report, those for waiting requests included. */
  reported: number;
  /** The lowest `remaining` that a response has shown. */
  advertisedRemaining: number;
}

/** A window is kept for a while after its end, in case the ledger's clock steps back. */
const KEPT_AFTER_END_MS = 60_000;

/** Applies the ledger's grants, to a report of `waiting` requests; returns the windows to keep. */
export function applyGrants(
  known: readonly PermitWindow[],
  { current, next, windowMs }: BucketGrant,
  waiting: number,
): PermitWindow[] {
  const windows = known.filter(({ endsAt }) => endsAt > current.endsAt - windowMs - KEPT_AFTER_END_MS);
  for (const grant of next ? [current, next] : [current]) {
    const window = windows.find(({ endsAt }) => endsAt === grant.endsAt);
    if (window) applyGrant(window, grant);
    else
      windows.push({ ...grant, used: 0, reported: waiting, advertisedRemaining: Number.POSITIVE_INFINITY });
  }
  return windows;
}

function applyGrant(window: PermitWindow, grant: PermitGrant): void {
  // An overtaken answer contains permits that were returned later.
  if (grant.revision < window.revision) return;
  const usable = grant.revision > window.revision ? grant.granted : Math.min(window.granted, grant.granted);
  // Permits used since the call cannot be returned, also when the ledger has lowered the limit.
  const granted = Math.max(window.used, usable);
  Object.assign(window, grant, { granted });
}

/**
 * Returns the permits that are not needed. Hysteresis: while the ledger has free ones, up to twice the need is kept.
 */
export function returnUnneeded(window: PermitWindow, needed: number): void {
  const kept = window.ceiling > window.granted ? 2 * needed : needed;
  if (window.granted - window.used > kept) window.granted = window.used + needed;
}
