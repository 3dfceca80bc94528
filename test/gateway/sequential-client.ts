/**
 * One client that sends one request after another over many isolates, in virtual time. Leases, permits and the ledger's book
 * are the Worker's own code.
 */
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { type Bucket, type Limits, WINDOWS_MS } from "../../src/rate-limits.ts";
import { isRefusal } from "../../src/refusals.ts";
import { MemoryPermitStore } from "../ledger/memory-permit-store.ts";
import { Random } from "../proofs/simulator/random.ts";
import { VirtualTime } from "../proofs/simulator/virtual-time.ts";
import { VirtualIsolate } from "../support/virtual-isolate.ts";

export interface Client {
  readonly isolates: number;
  readonly bucket: Bucket;
  /** `walking`: some requests on each isolate, then the next; `round robin`: one on each. */
  readonly order: "walking" | "round robin";
  /** Between an answer and the next request. */
  readonly pauseMs: number;
  readonly limits: Limits;
  /** Sent first, all at once, on the first isolate. */
  readonly burst?: number;
  readonly burstPauseMs?: number;
}

export interface Outcome {
  /** Until the first refusal. */
  readonly admitted: number;
  /** Until the first refusal, the burst not included. */
  readonly longestWaitMs: number;
  readonly waitedForReturns: number;
  readonly ledgerCalls: number;
  readonly rowsWritten: number;
  /** Of the first refusal. */
  readonly retryInSeconds: number;
  readonly refusedAt: number;
}

const LEASE_MS = 1000;
const ROUND_TRIP_MS = 40;
/** The beginning of an hour. */
export const STARTS_AT = 500_000 * 3_600_000;

/** Sends requests until one is refused. */
export async function useUp(client: Client, seed = 1): Promise<Outcome> {
  const { isolates: count, bucket, pauseMs, limits, burst = 0, burstPauseMs = 0 } = client;
  const time = new VirtualTime();
  const random = new Random(seed);
  const store = new MemoryPermitStore();
  const book = new PermitBook(store, WINDOWS_MS);
  let ledgerCalls = 0;
  const onLedgerCall = () => {
    ledgerCalls += 1;
  };
  const options = { time, book, limits, leaseMs: LEASE_MS, roundTripMs: ROUND_TRIP_MS, onLedgerCall };
  const isolates = Array.from(
    { length: count },
    (_, index) => new VirtualIsolate({ ...options, startsAt: STARTS_AT }, `isolate ${index}`),
  );
  const pause = (ms: number) => new Promise<void>((resolve) => time.after(ms, resolve));
  let outcome: Outcome | null = null;
  const run = async () => {
    let admitted = 0;
    let longestWaitMs = 0;
    let waitedForReturns = 0;
    const firstOnes = await Promise.all(Array.from({ length: burst }, () => isolates[0]?.request(bucket)));
    admitted += firstOnes.filter((one) => one && !isRefusal(one)).length;
    if (burst > 0) await pause(burstPauseMs);
    let at = burst > 0 ? 1 : 0;
    let stays = random.whole(1, 9);
    for (;;) {
      const askedAt = time.now;
      const answer = await (isolates[at % count] as VirtualIsolate).request(bucket);
      const waitedMs = time.now - askedAt;
      if (isRefusal(answer)) {
        const { retryInSeconds = 0 } = answer.reason === "rate_limited" ? answer.allowance : {};
        outcome = {
          admitted,
          longestWaitMs,
          waitedForReturns,
          ledgerCalls,
          rowsWritten: store.writes,
          retryInSeconds,
          refusedAt: time.now,
        };
        return;
      }
      admitted += 1;
      longestWaitMs = Math.max(longestWaitMs, waitedMs);
      if (waitedMs > 3 * ROUND_TRIP_MS) waitedForReturns += 1;
      stays -= 1;
      if (client.order === "round robin" || stays === 0) {
        at += 1;
        stays = random.whole(1, 9);
      }
      await pause(pauseMs);
    }
  };
  time.after(0, () => void run().catch((error) => time.fail(error)));
  await time.run();
  if (!outcome) throw new Error("no request was refused");
  return outcome;
}
