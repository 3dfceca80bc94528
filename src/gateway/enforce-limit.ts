/**
 * Step 4, the limit: may this key make one more request in this window?
 *
 * Guarantees that a request goes on only with a permit that the ledger has given. With permits at hand it waits for
 * nothing; a key that has used up its limit is refused without I/O. What is refused for another reason counts too,
 * but for a test key on a live-only endpoint, which is no key there at all.
 */
import type { Lease } from "../leases/lease.ts";
import type { Admitted } from "../leases/permits.ts";
import type { Refusal } from "../refusals.ts";
import type { TraceLedgerCall } from "./ensure-valid.ts";
import type { RequestReport } from "./request-report.ts";

/** How often a request asks for a permit that others have taken by the time it is there. */
const ASKS_MAX = 3;

export async function enforceLimit(
  lease: Lease,
  report: Pick<RequestReport, "row" | "lease">,
  ctx: Pick<ExecutionContext, "waitUntil">,
  watch: TraceLedgerCall = (ask) => ask(),
): Promise<Admitted | Refusal> {
  const bucket = report.row?.limit ?? "requests";
  for (let asks = 0; ; asks++) {
    const taken = lease.permits.admit(bucket);
    if (taken.outcome === "exhausted") return { reason: "rate_limited", allowance: taken.allowance };
    if (taken.outcome === "admitted") {
      if (taken.runningLow) ctx.waitUntil(lease.renew().catch(() => {}));
      return taken;
    }
    if (asks === ASKS_MAX) return { reason: "ledger_unreachable" };
    report.lease = "miss";
    lease.permits.waiting += 1;
    const outcome = await watch(() => lease.ensureValid());
    lease.permits.waiting -= 1;
    if (outcome !== "valid") return { reason: outcome === "unreachable" ? "ledger_unreachable" : outcome };
  }
}
