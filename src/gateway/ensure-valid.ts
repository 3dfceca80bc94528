/**
 * Makes sure that a key is under a valid lease at this moment: before a request is forwarded, and again
 * before it is answered.
 *
 * A request with a warm lease waits for nothing. One that finds half of it spent renews it in the
 * background. Only when there is none does a request wait for the ledger.
 */
import type { Lease } from "../leases/lease.ts";
import type { Refusal } from "../refusals.ts";

/** How long a request waits for the ledger is seen through this; by default nobody looks. */
export type TraceLedgerCall = <Outcome extends string>(ask: () => Promise<Outcome>) => Promise<Outcome>;

/** null: the lease is valid now. `askFirst`: renews a lease that is still valid, too. */
export async function ensureValid(
  lease: Lease,
  askFirst: boolean,
  ctx: Pick<ExecutionContext, "waitUntil">,
  watch: TraceLedgerCall = (ask) => ask(),
): Promise<Refusal | null> {
  if (lease.refusal) return { reason: lease.refusal };
  const standing = lease.status();
  if (!askFirst && standing === "valid") return null;
  if (!askFirst && standing === "renewable") {
    // Whatever this brings, whoever needs the lease next finds it in the lease itself.
    if (!lease.canDeferRenewal()) ctx.waitUntil(lease.renew().catch(() => {}));
    return null;
  }
  const outcome = await watch(() => lease.ensureValid());
  if (outcome === "valid") return null;
  return { reason: outcome === "unreachable" ? "ledger_unreachable" : outcome };
}
