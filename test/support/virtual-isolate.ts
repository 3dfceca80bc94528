/**
 * One isolate's use of a key in virtual time: the Worker's own lease, permits and steps over the ledger's own permit book.
 *
 * Fake: the network to the ledger, which delays but loses nothing, and a ledger that grants every lease.
 */
import { enforceLimit } from "../../src/gateway/enforce-limit.ts";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseUser } from "../../src/leases/lease-user.ts";
import type { Admitted } from "../../src/leases/permits.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";
import type { PermitBook } from "../../src/ledger/permit-book.ts";
import type { Limits } from "../../src/rate-limits.ts";
import type { Refusal } from "../../src/refusals.ts";
import type { VirtualTime } from "../proofs/simulator/virtual-time.ts";
import { grantAnswer } from "./lease-answers.ts";

export interface VirtualIsolateOptions {
  readonly time: VirtualTime;
  readonly book: PermitBook;
  /** null: the key has no rate limits. */
  readonly limits: Limits | null;
  readonly leaseMs: number;
  /** To the ledger and back. */
  readonly roundTripMs: number;
  readonly onLedgerCall: () => void;
}

const LEDGER_TIMEOUT_MS = 2000;

export class VirtualIsolate {
  readonly #lease: Lease;
  readonly #user: LeaseUser;

  /** `holder`: the isolate's name in the ledger. */
  constructor(
    { time, book, limits, leaseMs, roundTripMs, onLedgerCall }: VirtualIsolateOptions,
    holder: string,
  ) {
    this.#user = {
      schedule: (ms, task) => {
        const timer = time.after(ms, task);
        return () => {
          timer.task = null;
        };
      },
      checkClock: () => {},
      waitUntil: () => {},
      waitForLedger: (call) => call(),
      logException: (error) => {
        throw error;
      },
    };
    this.#lease = new Lease(
      ({ holder, permits }) => {
        onLedgerCall();
        const { promise, resolve } = Promise.withResolvers<LeaseAnswer>();
        time.after(roundTripMs / 2, () => {
          const grants = limits && book.grant("key", limits, holder, permits, time.now, 2 * leaseMs);
          time.after(roundTripMs / 2, () => resolve(grantAnswer(leaseMs, grants)));
        });
        return promise;
      },
      new LeaseClock(() => time.now),
      LEDGER_TIMEOUT_MS,
      holder,
    );
  }

  /** One request, up to its permit. */
  async request(): Promise<Admitted | Refusal> {
    const refusal = await this.#lease.ensureValid(this.#user);
    if (refusal) throw new Error(refusal.reason);
    return await enforceLimit({ ...this.#user, report: { row: null, lease: null } }, this.#lease);
  }
}
