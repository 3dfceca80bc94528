/**
 * A holder's permits in one bucket: the windows, when the current one ends as far as the isolate can know, and what a
 * client is shown of them. Pure.
 *
 * Only durations cross the wire; times of the ledger's clock are shown to the client and never compared.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import type { Demand } from "./demand.ts";
import { applyGrants, type PermitWindow, returnUnneeded } from "./permit-window.ts";
import type { BucketGrant, PermitReport } from "./protocol.ts";

/** Two clocks may differ by 2 % in rate, which limits how well the rest of a window is known. */
const DRIFT_SHARE = 1 / 50;

export interface BucketPermits {
  readonly bucket: Bucket;
  /** Every window whose used permits the ledger may still count. */
  readonly windows: readonly PermitWindow[];
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

/** The answer to a call made at `calledAt`, received at `now`. */
export interface ReceivedGrant {
  readonly grant: BucketGrant;
  readonly calledAt: number;
  readonly now: number;
  readonly epoch: number;
}

/** `lowAt`: the permits that are used while the ledger is called. */
export function permitsOf(
  known: readonly PermitWindow[],
  { grant, calledAt, now, epoch }: ReceivedGrant,
  { reportedWaiting }: Demand,
  lowAt: number,
): BucketPermits {
  const { bucket, windowMs, leftMs } = grant;
  const endsAt = grant.current.endsAt;
  const windows = applyGrants(known, grant, reportedWaiting);
  const windowEndingAt = (end: number) => windows.find((window) => window.endsAt === end) ?? null;
  const current = windowEndingAt(endsAt) as PermitWindow;
  const uncertaintyMs = leftMs * DRIFT_SHARE + 1;
  return {
    bucket,
    windows,
    windowMs,
    current,
    next: windowEndingAt(endsAt + windowMs),
    notEndedBefore: calledAt + leftMs - uncertaintyMs,
    endedFrom: now + leftMs + uncertaintyMs,
    estimatedEnd: now + leftMs,
    epoch,
    // A key without a rate asks when it needs one; a ledger that had no more to grant is not asked again at once.
    lowAt: lowAt > 0 && current.granted - current.used > lowAt ? lowAt : Number.NEGATIVE_INFINITY,
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

/** Few permits are left and the ledger may grant more: true for one request only. */
export function runsLow(permits: BucketPermits): boolean {
  const { used, granted, ceiling } = permits.current;
  if (granted - used > permits.lowAt || ceiling <= granted) return false;
  permits.lowAt = Number.NEGATIVE_INFINITY;
  return true;
}

/** Whether there are unused permits in windows that have not ended, or the ledger takes used ones for unused. */
export function mayHandBack({ current, next, endedFrom }: BucketPermits, now: number): boolean {
  const open = now < endedFrom ? [current, next] : [next];
  return open.some((window) => window && window.granted > Math.min(window.used, window.reported));
}

/** `answeredAt`: when the answer is expected. Permits that are reported as returned are not used any more. */
export function reportsOn(
  permits: BucketPermits,
  need: Pick<PermitReport, "waiting" | "ahead">,
  answeredAt: number,
): PermitReport[] {
  const { bucket, current, next } = permits;
  const atEdge = answeredAt >= permits.notEndedBefore;
  return (next ? [current, next] : [current]).map((window) => {
    const waiting = window === current || atEdge ? need.waiting : 0;
    returnUnneeded(window, waiting + need.ahead);
    window.reported = window.used + waiting;
    const { endsAt, revision, granted, used } = window;
    const isEnding = window === current && atEdge;
    return { bucket, endsAt, revision, granted, unused: granted - used, atEdge: isEnding, ...need };
  });
}

/** Within a window `remaining` never grows on one isolate, though another may return permits of failed requests. */
export function allowanceOf(permits: BucketPermits, now: number, silenceMs: number): Allowance {
  const { bucket, windowMs, current, estimatedEnd } = permits;
  const { limit, elsewhere } = current;
  const left = current.ceiling - current.used + elsewhere;
  current.advertisedRemaining = Math.max(0, Math.min(current.advertisedRemaining, limit, left));
  const resetsInSeconds = secondsUntil(Math.min(now + windowMs, estimatedEnd), now);
  return {
    bucket,
    limit,
    remaining: current.advertisedRemaining,
    windowMs,
    resetsAt: Math.ceil(current.endsAt / 1000),
    resetsInSeconds,
    // An isolate whose requests have stopped returns its permits after that time, and they are on their way.
    retryInSeconds:
      elsewhere > 0 ? Math.min(resetsInSeconds, secondsUntil(2 * silenceMs, 0)) : resetsInSeconds,
  };
}

function secondsUntil(moment: number, now: number): number {
  return Math.max(1, Math.ceil((moment - now) / 1000));
}
