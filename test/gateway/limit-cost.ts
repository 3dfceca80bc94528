/**
 * What rate limits cost in calls to the ledger: one key, requests at an even pace, on one isolate or on several in turn, in
 * virtual time.
 * Leases, permits and the ledger's book are the Worker's own code.
 */
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { limitsOf, WINDOWS_MS } from "../../src/rate-limits.ts";
import { isRefusal } from "../../src/refusals.ts";
import { MemoryPermitStore } from "../ledger/memory-permit-store.ts";
import { VirtualTime } from "../proofs/simulator/virtual-time.ts";
import { VirtualIsolate } from "../support/virtual-isolate.ts";

const LEASE_MS = 1000;
const ROUND_TRIP_MS = 20;
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
  { limited, isolates }: { readonly limited: boolean; readonly isolates: number },
): Promise<Cost> {
  const limits = limitsOf(tier);
  if (!limits) throw new Error("no limits");
  const time = new VirtualTime();
  const store = new MemoryPermitStore();
  const book = new PermitBook(store, WINDOWS_MS);
  const cost = { requests: 0, admitted: 0, ledgerCalls: 0 };
  const onLedgerCall = () => {
    cost.ledgerCalls += 1;
  };
  const surroundings = { time, book, limits: limited ? limits : null, leaseMs: LEASE_MS };
  const options = { ...surroundings, roundTripMs: ROUND_TRIP_MS, onLedgerCall };
  const keys = Array.from(
    { length: isolates },
    (_, index) => new VirtualIsolate(options, `isolate ${index}`),
  );
  const request = async () => {
    const key = keys[cost.requests % isolates] as VirtualIsolate;
    cost.requests += 1;
    if (!isRefusal(await key.request())) cost.admitted += 1;
  };

  const everyMs = WINDOWS_MS.requests / (limits.requests * share);
  for (let at = everyMs / 2; at < WINDOWS * WINDOWS_MS.requests; at += everyMs) {
    time.at(at, () => void request().catch((error) => time.fail(error)));
  }
  await time.run();
  return { ...cost, rowsWritten: store.writes };
}
