/**
 * Counts what one key in use costs its ledger: the Worker's own leases, permits and the ledger's book, in virtual
 * time, with requests that arrive by chance (a Poisson process from a seed, so every run counts the same).
 *
 * Left out: watching requests in flight, which renews a lease that requests longer than half of it would find spent.
 */
import { PermitBook } from "../../../src/ledger/permit-book.ts";
import { type Limits, WINDOWS_MS } from "../../../src/rate-limits.ts";
import { isRefusal } from "../../../src/refusals.ts";
import { MemoryPermitStore } from "../../ledger/memory-permit-store.ts";
import { Random } from "../../proofs/simulator/random.ts";
import { VirtualTime } from "../../proofs/simulator/virtual-time.ts";
import { VirtualIsolate } from "../../support/virtual-isolate.ts";

export interface Use {
  readonly leaseMs: number;
  /** From an isolate to the ledger and back. */
  readonly roundTripMs: number;
  readonly isolates: number;
  /** Of this key, on each isolate. */
  readonly requestsPerSecond: number;
  /** null: the key has no rate limits. */
  readonly limits: Limits | null;
}

export interface Count {
  readonly requests: number;
  readonly ledgerCalls: number;
  /** Requests that had to wait for the ledger. */
  readonly waited: number;
  readonly rowsWritten: number;
}

const SEED = 1;

/** Counts over about so many requests on each isolate. */
export async function countCalls(use: Use, requestsOnEach: number): Promise<Count> {
  const { leaseMs, roundTripMs, isolates, requestsPerSecond, limits } = use;
  const time = new VirtualTime();
  const random = new Random(SEED);
  const store = new MemoryPermitStore();
  const book = new PermitBook(store, WINDOWS_MS);
  const count = { requests: 0, ledgerCalls: 0, waited: 0 };
  const onLedgerCall = () => {
    count.ledgerCalls += 1;
  };
  const surroundings = { time, book, limits, leaseMs, roundTripMs, onLedgerCall };

  for (let isolate = 0; isolate < isolates; isolate++) {
    const key = new VirtualIsolate(surroundings, `isolate ${isolate}`);
    const request = async () => {
      const arrivedAt = time.now;
      count.requests += 1;
      const permit = await key.request();
      if (isRefusal(permit)) throw new Error(permit.reason);
      if (time.now > arrivedAt) count.waited += 1;
    };
    const everyMs = 1000 / requestsPerSecond;
    let at = 0;
    for (let index = 0; index < requestsOnEach; index++) {
      at -= Math.log(1 - random.next()) * everyMs;
      time.at(at, () => void request().catch((error) => time.fail(error)));
    }
  }
  await time.run();
  return { ...count, rowsWritten: store.writes };
}
