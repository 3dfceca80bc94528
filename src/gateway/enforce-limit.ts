/**
 * Step 4, limit: may this key make one more request in this window?
 *
 * Guarantees that a request passes only with a permit that the ledger has granted. With permits left it waits for
 * nothing; an exhausted key is refused without I/O. While the ledger has none left, but other isolates hold unused ones,
 * as many requests wait for these to come back: a client that sends one request after another is not refused before its
 * limit is used up. Refused requests count too, except those of a test key on a live-only endpoint.
 */
import type { Lease } from "../leases/lease.ts";
import type { LeaseUser } from "../leases/lease-user.ts";
import type { Admitted } from "../leases/permits.ts";
import type { Refusal } from "../refusals.ts";
import type { RequestLifetime } from "./request-lifetime.ts";
import type { RequestReport } from "./request-report.ts";

/** Ledger calls for a permit, when other requests take the granted permits first. */
const CALLS_MAX = 3;

/** While others return permits, the ledger is called this often in the time after which they do. */
const POLLS_PER_IDLE_TIMEOUT = 8;
const POLLS_MAX = 3 * POLLS_PER_IDLE_TIMEOUT;

/** The parts of a request's context that the step needs; the simulator passes its own. */
export interface LimitContext extends LeaseUser {
  readonly report: Pick<RequestReport, "row" | "lease">;
  readonly lifetime: Pick<RequestLifetime, "keepAlive">;
}

export async function enforceLimit(context: LimitContext, lease: Lease): Promise<Admitted | Refusal> {
  const { report } = context;
  const { permits } = lease;
  const bucket = report.row?.limit ?? "requests";
  let hasWaited = report.lease === "miss";
  let stopWaiting = () => {};
  try {
    for (let calls = 0, polls = 0; ; ) {
      const admission = permits.admit(bucket, hasWaited);
      if (admission.outcome === "admitted") {
        stopWaiting();
        if (admission.runningLow) lease.renewInBackground(context);
        return admission;
      }
      if (admission.outcome === "exhausted")
        return { reason: "rate_limited", allowance: admission.allowance };
      // Counted until it is admitted: the call that it waits for may have begun before, and grant too few permits.
      if (calls + polls === 0) stopWaiting = permits.startWaiting(bucket);
      if (admission.outcome === "returning") {
        const isInVain = polls === POLLS_MAX || (polls === 0 && permits.waiting(bucket) > admission.permits);
        if (isInVain) return { reason: "rate_limited", allowance: admission.allowance };
        polls += 1;
        // A request that the platform ended with its client would count as waiting for ever.
        context.lifetime.keepAlive();
        await new Promise<void>((resolve) => {
          context.schedule(permits.idleTimeoutMs / POLLS_PER_IDLE_TIMEOUT, resolve);
        });
      } else if (++calls > CALLS_MAX) return { reason: "ledger_unreachable" };
      report.lease = "miss";
      hasWaited = true;
      const refusal = await lease.requestPermits(context);
      if (refusal) return refusal;
    }
  } finally {
    stopWaiting();
  }
}
