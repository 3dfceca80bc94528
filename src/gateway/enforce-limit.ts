/**
 * Step 4, limit: may this key make one more request in this window?
 *
 * Guarantees that a request passes only with a permit that the ledger has granted. With permits left it waits for
 * nothing; an exhausted key is refused without I/O. Refused requests count too, except those of a test key on a
 * live-only endpoint.
 */
import type { Lease } from "../leases/lease.ts";
import type { LeaseUser } from "../leases/lease-user.ts";
import type { Admitted } from "../leases/permits.ts";
import type { Refusal } from "../refusals.ts";
import type { RequestReport } from "./request-report.ts";

/** Ledger calls for a permit, when other requests take the granted permits first. */
const CALLS_MAX = 3;

/** The parts of a request's context that the step needs; the simulator passes its own. */
export interface LimitContext extends LeaseUser {
  readonly report: Pick<RequestReport, "row" | "lease">;
}

export async function enforceLimit(context: LimitContext, lease: Lease): Promise<Admitted | Refusal> {
  const { report } = context;
  const bucket = report.row?.limit ?? "requests";
  let stopWaiting = () => {};
  try {
    for (let calls = 0; ; calls++) {
      const admission = lease.permits.admit(bucket);
      if (admission.outcome === "exhausted")
        return { reason: "rate_limited", allowance: admission.allowance };
      if (admission.outcome === "admitted") {
        stopWaiting();
        if (admission.runningLow) lease.renewInBackground(context);
        return admission;
      }
      if (calls === CALLS_MAX) return { reason: "ledger_unreachable" };
      // Counted until it is admitted: the call that it waits for may have begun before, and grant too few permits.
      if (calls === 0) stopWaiting = lease.permits.startWaiting();
      report.lease = "miss";
      const refusal = await lease.requestPermits(context);
      if (refusal) return refusal;
    }
  } finally {
    stopWaiting();
  }
}
