/**
 * A holder's permits in one bucket: the windows, the end of the current one as exactly as the isolate can know it, and
 * the allowance that a client is shown. Pure.
 *
 * Guarantees that times of the ledger's clock are shown to the client and never compared with the isolate's clock.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import type { Demand } from "./demand.ts";
import { applyGrants, type PermitWindow, returnUnneeded } from "./permit-window.ts";
import type { BucketGrant, PermitReport } from "./protocol.ts";

/** Two clocks may differ by 2 % in rate: the uncertainty of the rest of a window. */
const DRIFT_SHARE = 1 / 50;

export interface BucketPermits {
  readonly bucket: Bucket;
  /** The windows in which the ledger may still count used permits. */
  readonly windows: readonly PermitWindow[];
  readonly windowMs: number;
  current: PermitWindow;
  next: PermitWindow | null;
  /** Before this moment, on the isolate's clock, the current window has certainly not ended. */
  notEndedBefore: number;
  /** From this moment, on the isolate's clock, the current window has certainly ended. */
  endedFrom: number;
  /** The best estimate of its end, to be shown to the client. */
  estimatedEnd: number;
  readonly epoch: number;
  /** At this number of unused permits more are requested. */
  lowAt: number;
}

/** The answer to a call that began at `calledAt`, received at `now`. */
export interface ReceivedGrant {
  readonly grant: BucketGrant;
  readonly calledAt: number;
  readonly now: number;
  readonly epoch: number;
}

/** The permits after an answer. `lowAt`: the number of permits that are used during a round trip to the ledger. */
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
    // A key without a steady rate requests a permit when it needs one. A ledger that granted no more is not called at once.
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

/** Whether few permits are left and the ledger may grant more; true only once after each answer. */
export function runsLow(permits: BucketPermits): boolean {
  const { used, granted, ceiling } = permits.current;
  if (granted - used > permits.lowAt || ceiling <= granted) return false;
  permits.lowAt = Number.NEGATIVE_INFINITY;
  return true;
}

/** Whether a window that has not ended has unused permits, or used ones that the ledger regards as unused. */
export function mayReturn({ current, next, endedFrom }: BucketPermits, now: number): boolean {
  const open = now < endedFrom ? [current, next] : [next];
  return open.some((window) => window && window.granted > Math.min(window.used, window.reported));
}

/**
 * The reports for the next call. `answeredAt`: when the answer is expected. Returned permits cannot be used any more.
 */
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
export function allowanceOf(permits: BucketPermits, now: number, idleTimeoutMs: number): Allowance {
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
    // Isolates whose requests have stopped return their permits after `idleTimeoutMs`; as long again for the calls.
    retryInSeconds:
      elsewhere > 0 ? Math.min(resetsInSeconds, secondsUntil(2 * idleTimeoutMs, 0)) : resetsInSeconds,
  };
}

function secondsUntil(moment: number, now: number): number {
  return Math.max(1, Math.ceil((moment - now) / 1000));
}
