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
import type { PolicyRow } from "../../src/policy.ts";
import type { Bucket, Limits } from "../../src/rate-limits.ts";
import type { Refusal } from "../../src/refusals.ts";
import type { VirtualTime } from "../proofs/simulator/virtual-time.ts";
import { grantAnswer } from "./lease-answers.ts";

export interface VirtualIsolateOptions {
  readonly time: VirtualTime;
  readonly book: PermitBook;
  /** null: the key has no rate limits. */
  readonly limits: Limits | null;
  /** Of all keys of the account together; none by default. */
  readonly accountLimits?: Limits;
  /** What the ledger's clock reads at the beginning; 0 by default. */
  readonly startsAt?: number;
  readonly leaseMs: number;
  /** To the ledger and back. */
  readonly roundTripMs: number;
  readonly onLedgerCall: () => void;
}

const LEDGER_TIMEOUT_MS = 2000;

export class VirtualIsolate {
  readonly lease: Lease;
  readonly #user: LeaseUser;

  /** `holder`: the isolate's name in the ledger; `key`: the key that it uses. */
  constructor(options: VirtualIsolateOptions, holder: string, keyId = "key") {
    const { time, book, limits, leaseMs, roundTripMs, onLedgerCall } = options;
    this.#user = virtualUser(time);
    this.lease = new Lease(
      ({ holder, permits }) => {
        onLedgerCall();
        const { promise, resolve } = Promise.withResolvers<LeaseAnswer>();
        time.after(roundTripMs / 2, () => {
          const call = { keyId, holder, reports: permits, leaseMs };
          const account = options.accountLimits ?? null;
          const grants = book.grant({ key: limits, account }, call, (options.startsAt ?? 0) + time.now);
          time.after(roundTripMs / 2, () => resolve(grantAnswer(leaseMs, grants)));
        });
        return promise;
      },
      new LeaseClock(() => time.now),
      LEDGER_TIMEOUT_MS,
      holder,
    );
  }

  /** One request, from its lease to its end. */
  async request(bucket: Bucket = "requests"): Promise<Admitted | Refusal> {
    const waited = this.lease.status() === "expired";
    const refusal = await this.lease.ensureValid(this.#user, bucket);
    if (refusal) throw new Error(refusal.reason);
    const row = { limit: bucket } as PolicyRow;
    const report = { row, lease: waited ? ("miss" as const) : null };
    const permit = await enforceLimit({ ...this.#user, lifetime: LIFETIME, report }, this.lease);
    this.lease.returnUnused(this.#user);
    return permit;
  }
}

const LIFETIME = { keepAlive: () => {} };

function virtualUser(time: VirtualTime): LeaseUser {
  return {
    schedule: (ms, task) => {
      const timer = time.after(ms, task);
      return () => {
        timer.task = null;
      };
    },
    checkClock: () => {},
    waitUntil: () => {},
    waitForLedger: (call) => call(),
    logException: (error) => time.fail(error),
  };
}
