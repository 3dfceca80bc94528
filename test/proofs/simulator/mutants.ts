/**
 * The rules, each broken in turn: what to replace where. `hunt-mutant.ts` says what becomes of them.
 *
 * What is broken is the real code wherever the rule lives there; in the model stand only the order of a request
 * and of a revocation, and what the storage does.
 */

import { LEASE_LENGTH_MUTANTS } from "./lease-length-mutants.ts";
import { LIMIT_MUTANTS } from "./limit-mutants.ts";
import { type Mutant, mutant } from "./mutant.ts";

const LEASE = "src/leases/lease.ts";
const CLOCK = "src/leases/lease-clock.ts";
const BOOK = "src/ledger/lease-book.ts";
const LEASES = "src/ledger/lease-issuer.ts";
const FLIGHT = "src/gateway/in-flight-request.ts";
const REVOKING = "test/proofs/simulator/ledger-rules.ts";
const REQUEST = "test/proofs/simulator/simulated-request.ts";
const LEDGER = "test/proofs/simulator/simulated-ledger.ts";
const STORAGE = "test/proofs/simulator/simulated-storage.ts";

export const MUTANTS: readonly Mutant[] = [
  mutant(
    "a lease counted from the receipt of the answer",
    LEASE,
    "this.#hold(askedAt, epoch, answer.ttl_ms);",
    "this.#hold(this.#clock.now(), this.#clock.epoch, answer.ttl_ms);",
  ),
  mutant(
    "a renewal accepted after a refusal",
    LEASE,
    "    this.#epoch = epoch;\n",
    "    this.#epoch = epoch;\n    this.#refusal = null;\n",
  ),
  mutant(
    "a refusal not remembered",
    LEASE,
    'if (answer.reason !== "not_in_ledger") this.#refusal = answer.reason;',
    "",
  ),
  mutant("a clock that jumps back does not void the lease", CLOCK, "this.#jumps += 1;", ""),
  mutant(
    "nobody renews ahead",
    LEASE,
    'return now >= this.#renewFrom ? "renewable" : "valid";',
    'return "valid";',
  ),
  mutant("everybody renews ahead", LEASE, "this.#renewFrom = askedAt + this.#ttlMs / 4;", ""),
  mutant(
    "nothing watches a request in flight",
    FLIGHT,
    "this.#cancelTimer = this.#time.schedule(ms, () => this.#check());",
    "",
  ),
  mutant(
    "a body flows on without a lease",
    FLIGHT,
    'if (this.#sendingBody && !this.#lease.isValid()) return { reason: "ledger_unreachable" };',
    "",
  ),
  mutant(
    "no wait after a restart",
    BOOK,
    "this.#assumedEnd = startedAt + longestMs;",
    "this.#assumedEnd = startedAt;",
  ),
  mutant(
    "a shorter lease makes the book forget a longer one",
    BOOK,
    "if (end > (this.#ends.get(keyId) ?? Number.NEGATIVE_INFINITY)) this.#ends.set(keyId, end);",
    "this.#ends.set(keyId, end);",
  ),
  mutant(
    "a lease past a scheduled end",
    BOOK,
    "ttl_ms: Math.min(grantMs, ...ends.map((end) => end - now))",
    "ttl_ms: grantMs",
  ),
  mutant(
    "an expired key is not refused",
    BOOK,
    'if (hasPassed(key.expires_at, now)) return { granted: false, reason: "expired" };',
    "",
  ),
  mutant("no margin at all", LEASES, "return ttlMs + this.#settings.leaseMarginMs;", "return ttlMs;"),
  mutant(
    "no margin on the leases that are noted",
    LEASES,
    "this.#book.recordLease(keyId, now, this.#lastsMs(answer.ttl_ms));",
    "this.#book.recordLease(keyId, now, answer.ttl_ms);",
  ),
  mutant(
    "the ledger counts a lease from before it decided",
    LEASES,
    "this.#book.recordLease(keyId, now,",
    "this.#book.recordLease(keyId, now - 100,",
  ),
  mutant(
    "the longer leases of the version before are forgotten",
    LEASES,
    "Math.max(knownLongestMs, this.#lastsMs(leaseMs))",
    "this.#lastsMs(leaseMs)",
  ),
  mutant("revoke does not wait", REVOKING, "await this.#waitUntil(this.#leases.leasesExpireAt(keyId));", ""),
  mutant(
    "revoke waits before it writes",
    REVOKING,
    `if (row.revoked_at === null) this.#revoke(keyId, row);

    await this.#ground.sync();
    await this.#waitUntil(this.#leases.leasesExpireAt(keyId));`,
    `await this.#waitUntil(this.#leases.leasesExpireAt(keyId));
    if (row.revoked_at === null) this.#revoke(keyId, row);
    await this.#ground.sync();`,
  ),
  {
    name: "an answer before the durable write",
    edits: [
      { file: REVOKING, find: "await this.#ground.sync();", replace: "" },
      {
        file: LEDGER,
        find: "object.session.whenConfirmed(() => this.#finish(object, call, answer));",
        replace: "this.#finish(object, call, answer);",
      },
    ],
  },
  mutant(
    "every revocation has a receipt of its own",
    REVOKING,
    "if (row.revoked_at === null) this.#revoke(keyId, row);",
    "this.#revoke(keyId, { ...row, revoked_at: null });",
  ),
  mutant(
    "a receipt that is too early",
    REVOKING,
    "this.#leases.effectiveAt(keyId, now);",
    "{ at: now, boundMs: 0 };",
  ),
  {
    name: "no tombstone when a schedule has passed",
    edits: [
      {
        file: REVOKING,
        find: "if (row.revoked_at === null) this.#revoke(keyId, row);",
        replace: "if (!isRevoked(row as KeyRow, this.#ground.now())) this.#revoke(keyId, row);",
      },
      {
        file: REVOKING,
        find: "return receiptOf(this.#ground.keys.issued(keyId) ?? row);",
        replace: `const last = this.#ground.keys.issued(keyId) ?? row;
    if (last.revoked_at !== null) return receiptOf(last);
    return receiptOf({ ...last, revoked_at: last.revokes_at, effective_at: last.revokes_at, lease_bound_ms: 0 });`,
      },
    ],
  },
  mutant(
    "an end scheduled before leases that are out",
    REVOKING,
    "this.#leases.effectiveAt(keyId, asked).at;",
    "asked;",
  ),
  {
    name: "a superseded ledger that grants from memory",
    edits: [
      {
        file: STORAGE,
        find: "  key(keyId: string): LeaseRow | undefined {\n    this.#touch();\n",
        replace: "  key(keyId: string): LeaseRow | undefined {\n",
      },
      {
        file: STORAGE,
        find: "  fact(name: string): string | undefined {\n    this.#touch();\n",
        replace: "  fact(name: string): string | undefined {\n",
      },
    ],
  },
  mutant(
    "no check before the forward",
    REQUEST,
    "const refusal = await isolate.secure(lease, false);",
    "const refusal = null as Refusal | null;",
  ),
  mutant(
    "no second check before the answer",
    REQUEST,
    "const lateRefusal = await isolate.secure(lease, request.plan.bodyMs > 0);",
    "const lateRefusal = null as Refusal | null;",
  ),
  mutant("a cut body ends as if it were whole", REQUEST, "      end(false);", "      end(true);"),
  ...LEASE_LENGTH_MUTANTS,
  ...LIMIT_MUTANTS,
];

/** An unbroken copy must pass where mutants fail. */
export const NO_MUTANT: Mutant = { name: "nothing is broken", edits: [] };
