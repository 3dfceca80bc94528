/**
 * Counts the ledger calls of a key in use: the Worker's own leases and permits and the ledger's permit book, in virtual
 * time, with requests of a Poisson process from a fixed seed.
 *
 * Not modelled: requests in flight, which renew a lease if they last longer than half of it.
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
  /** Round trip from an isolate to the ledger. */
  readonly roundTripMs: number;
  readonly isolates: number;
  /** Requests per second with this key on each isolate. */
  readonly requestsPerSecond: number;
  /** null: the key has no rate limits. */
  readonly limits: Limits | null;
}

export interface Count {
  readonly requests: number;
  readonly ledgerCalls: number;
  /** Requests that waited for the ledger. */
  readonly waited: number;
  readonly rowsWritten: number;
}

const SEED = 1;

/** Runs about this many requests on each isolate. */
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
