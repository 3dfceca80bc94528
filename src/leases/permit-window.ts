/**
 * A holder's permits in each window, and how the ledger's grants change them. Pure.
 *
 * Guarantees that a used permit is neither forgotten while the ledger may still count it nor returned, and that an
 * overtaken answer restores nothing.
 */
import type { BucketGrant, PermitGrant } from "./protocol.ts";

/** The permits of one window. */
export interface PermitWindow {
  readonly endsAt: number;
  revision: number;
  granted: number;
  ceiling: number;
  used: number;
  /** `used` as of the last report. */
  reported: number;
  /** The lowest `remaining` that a response has shown. */
  advertisedRemaining: number;
}

/** A window is kept for a while after its end, in case the ledger's clock is behind. */
const KEPT_AFTER_END_MS = 60_000;

/** Applies the ledger's grants; returns the windows to keep. */
export function applyGrants(known: readonly PermitWindow[], { current, next }: BucketGrant): PermitWindow[] {
  const windows = known.filter(({ endsAt }) => endsAt > current.endsAt - KEPT_AFTER_END_MS);
  for (const grant of next ? [current, next] : [current]) {
    const window = windows.find(({ endsAt }) => endsAt === grant.endsAt);
    if (window) applyGrant(window, grant);
    else windows.push({ ...grant, used: 0, reported: 0, advertisedRemaining: Number.POSITIVE_INFINITY });
  }
  return windows;
}

function applyGrant(window: PermitWindow, { revision, granted, ceiling }: PermitGrant): void {
  // An overtaken answer does not know which permits have been returned since.
  if (revision < window.revision) return;
  const usable = revision > window.revision ? granted : Math.min(window.granted, granted);
  // Permits used since the call cannot be returned, also when the ledger has lowered the limit.
  window.granted = Math.max(window.used, usable);
  window.revision = revision;
  window.ceiling = ceiling;
}
