/**
 * What a holder reports to the ledger of its permits in one bucket. Pure.
 *
 * Guarantees that permits which are reported as returned are not used any more.
 */
import type { BucketPermits } from "./bucket-permits.ts";
import type { PermitWindow } from "./permit-window.ts";
import type { PermitReport } from "./protocol.ts";

/** The part of a report that says what the holder needs. */
export type BucketDemand = Pick<PermitReport, "waiting" | "ahead" | "perSecond" | "idleMs">;

/** `answeredAt`: when the answer is expected; `handsBack`: returns every unused permit. */
export function reportsOn(
  permits: BucketPermits,
  demand: BucketDemand,
  answeredAt: number,
  handsBack: boolean,
): PermitReport[] {
  const { bucket, current, next } = permits;
  const atEdge = answeredAt >= permits.notEndedBefore;
  return (next ? [current, next] : [current]).map((window) => {
    const waiting = window === current || atEdge ? demand.waiting : 0;
    if (handsBack) window.granted = window.used;
    else returnUnneeded(window, demand.ahead + waiting);
    window.reported = window.used + waiting;
    const { endsAt, revision, granted, used } = window;
    const report = { bucket, endsAt, revision, granted, unused: granted - used, atEdge, ...demand };
    return handsBack ? { ...report, ahead: 0, idleMs: 0 } : report;
  });
}

function returnUnneeded(window: PermitWindow, wanted: number): void {
  const isPlenty = window.ceiling > window.granted && !window.isScarce;
  // Hysteresis: a permit that is returned is seldom requested again.
  if (window.granted - window.used > (isPlenty ? 2 * wanted : wanted)) window.granted = window.used + wanted;
}
