/**
 * What rate limits cost in calls to the ledger: one isolate, one key, requests at an even pace, in virtual time.
 * Leases, permits and the ledger's book are the Worker's own code.
 */
import { enforceLimit } from "../../src/gateway/enforce-limit.ts";
import { secureLease } from "../../src/gateway/secure-lease.ts";
import { Lease, type LeaseAnswer, LeaseClock } from "../../src/keys/lease.ts";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { limitsOf, WINDOWS_MS } from "../../src/rate-limits.ts";
import { isRefusal } from "../../src/refusals.ts";
import { StoredPermits } from "../ledger/stored-permits.ts";
import { VirtualTime } from "../simulator/virtual-time.ts";

const LEASE_MS = 1000;
/** To the ledger, and the same back. */
const WAY_MS = 10;
const WINDOWS = 2;

export interface Cost {
  readonly requests: number;
  readonly admitted: number;
  readonly ledgerCalls: number;
  readonly rowsWritten: number;
}

/** Two windows of a key of `tier`, offered `share` of its limit. */
export async function costOf(
  tier: "free" | "starter" | "pro",
  share: number,
  limited: boolean,
): Promise<Cost> {
  const limits = limitsOf(tier);
  if (!limits) throw new Error("no limits");
  const time = new VirtualTime();
  const store = new StoredPermits();
  const book = new PermitBook(store, WINDOWS_MS);
  const cost = { requests: 0, admitted: 0, ledgerCalls: 0 };
  const lease = new Lease(
    ({ holder, permits }) => {
      cost.ledgerCalls += 1;
      const { promise, resolve } = Promise.withResolvers<LeaseAnswer>();
      time.after(WAY_MS, () => {
        const grants = limited ? book.give("key", limits, holder, permits, time.now, 2 * LEASE_MS) : null;
        time.after(WAY_MS, () => resolve({ granted: true, ttl_ms: LEASE_MS, permits: grants }));
      });
      return promise;
    },
    new LeaseClock(() => time.now),
    2000,
  );
  const context = { waitUntil: () => {} } as unknown as ExecutionContext;
  const request = async () => {
    cost.requests += 1;
    lease.permits.waiting += 1;
    const refusal = await secureLease(lease, false, context);
    lease.permits.waiting -= 1;
    if (refusal) throw new Error(refusal.reason);
    const permit = await enforceLimit(lease, { row: null, lease: null }, context);
    if (!isRefusal(permit)) cost.admitted += 1;
  };

  const everyMs = WINDOWS_MS.requests / (limits.requests * share);
  for (let at = everyMs / 2; at < WINDOWS * WINDOWS_MS.requests; at += everyMs) {
    time.at(at, () => void request().catch((error) => time.fail(error)));
  }
  await time.run();
  return { ...cost, rowsWritten: store.writes };
}
