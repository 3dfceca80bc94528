/**
 * A holder's permits in one bucket: the windows, when the current one ends as far as the isolate can know, and what a
 * client is shown of them. Pure.
 *
 * Only durations cross the wire; times of the ledger's clock are shown to the client and never compared.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import { applyGrants, type PermitWindow } from "./permit-window.ts";
import type { BucketGrant } from "./protocol.ts";

/** Two clocks may differ by 2 % in rate, which limits how well the rest of a window is known. */
const DRIFT_SHARE = 1 / 50;

export interface BucketPermits {
  readonly bucket: Bucket;
  /** Every window whose used permits the ledger may still count. */
  readonly windows: readonly PermitWindow[];
  readonly limit: number;
  readonly windowMs: number;
  current: PermitWindow;
  next: PermitWindow | null;
  /** On the isolate's clock: before this moment the current window has certainly not ended. */
  notEndedBefore: number;
  /** On the isolate's clock: from this moment the current window has certainly ended. */
  endedFrom: number;
  /** The best estimate of its end, for the client. */
  estimatedEnd: number;
  readonly epoch: number;
  /** The number of unused permits at which more are requested ahead of need. */
  lowAt: number;
}

/** `grant`: the answer to a call made at `calledAt`, received at `now`. */
export function permitsOf(
  known: readonly PermitWindow[],
  grant: BucketGrant,
  { calledAt, now, epoch }: { readonly calledAt: number; readonly now: number; readonly epoch: number },
  lowAt: number,
): BucketPermits {
  const { bucket, limit, windowMs, leftMs } = grant;
  const endsAt = grant.current.endsAt;
  const windows = applyGrants(known, grant, now);
  const windowEndingAt = (end: number) => windows.find((window) => window.endsAt === end) ?? null;
  const uncertaintyMs = leftMs * DRIFT_SHARE + 1;
  return {
    bucket,
    windows,
    limit,
    windowMs,
    current: windowEndingAt(endsAt) as PermitWindow,
    next: windowEndingAt(endsAt + windowMs),
    notEndedBefore: calledAt + leftMs - uncertaintyMs,
    endedFrom: now + leftMs + uncertaintyMs,
    estimatedEnd: now + leftMs,
    epoch,
    lowAt,
  };
}

/** Enters the next window when the current one has ended. false: it has no permits yet. */
export function enterWindow(permits: BucketPermits, now: number): boolean {
  if (now < permits.endedFrom) return true;
  if (!permits.next) return false;
  permits.current = permits.next;
  permits.next = null;
  permits.notEndedBefore += permits.windowMs * (1 - DRIFT_SHARE);
  permits.endedFrom += permits.windowMs * (1 + DRIFT_SHARE);
  permits.estimatedEnd += permits.windowMs;
  return true;
}

/** Whether there are unused permits, or the ledger takes used ones for unused. */
export function mayHandBack({ current, next }: BucketPermits): boolean {
  return [current, next].some((window) => window && window.granted > Math.min(window.used, window.reported));
}

/** Within a window `remaining` never grows on one isolate, though another may fail requests and return their permits. */
export function allowanceOf(permits: BucketPermits, now: number): Allowance {
  const { bucket, limit, windowMs, current, estimatedEnd } = permits;
  const left = current.ceiling - current.used + current.elsewhere;
  current.advertisedRemaining = Math.max(0, Math.min(current.advertisedRemaining, limit, left));
  const resetsInSeconds = secondsUntil(Math.min(now + windowMs, estimatedEnd), now);
  return {
    bucket,
    limit,
    remaining: current.advertisedRemaining,
    windowMs,
    resetsAt: Math.ceil(current.endsAt / 1000),
    resetsInSeconds,
    retryInSeconds:
      current.elsewhere > 0 ? Math.min(resetsInSeconds, secondsUntil(current.backAt, now)) : resetsInSeconds,
  };
}

function secondsUntil(moment: number, now: number): number {
  return Math.max(1, Math.ceil((moment - now) / 1000));
}
