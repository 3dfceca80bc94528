/**
 * Mutants of the lease and revocation rules, as text replacements; `run-mutant.ts` runs them.
 *
 * A mutant changes the real code wherever the rule is implemented there. The model implements only the order of a
 * request and of a revocation, and the behaviour of storage.
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
    "a lease is counted from the receipt of the answer",
    LEASE,
    "this.#applyGrant(calledAt, epoch, answer.ttl_ms);",
    "this.#applyGrant(this.#clock.now(), this.#clock.epoch, answer.ttl_ms);",
  ),
  mutant(
    "a renewal is accepted after a refusal",
    LEASE,
    "    this.#epoch = epoch;\n",
    "    this.#epoch = epoch;\n    this.#refusal = null;\n",
  ),
  mutant(
    "a refusal is not remembered",
    LEASE,
    'if (answer.reason !== "not_in_ledger") this.#refusal = answer.reason;',
    "",
  ),
  mutant("a clock that jumps back does not void the lease", CLOCK, "this.#epoch += 1;", ""),
  mutant(
    "no request renews ahead",
    LEASE,
    'return now >= this.#renewFrom ? "renewable" : "valid";',
    'return "valid";',
  ),
  mutant("every request renews ahead", LEASE, "this.#renewFrom = calledAt + this.#ttlMs / 4;", ""),
  mutant(
    "a request in flight is not watched",
    FLIGHT,
    "this.#cancelTimer = schedule(ms, () => this.#check());",
    "",
  ),
  mutant(
    "a body continues without a lease",
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
    "a shorter lease replaces a longer one in the book",
    BOOK,
    "if (end > (this.#ends.get(keyId) ?? Number.NEGATIVE_INFINITY)) this.#ends.set(keyId, end);",
    "this.#ends.set(keyId, end);",
  ),
  mutant(
    "a lease outlasts a scheduled end",
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
    "no margin on recorded leases",
    LEASES,
    "this.#book.recordLease(keyId, now, this.#lastsMs(answer.ttl_ms));",
    "this.#book.recordLease(keyId, now, answer.ttl_ms);",
  ),
  mutant(
    "the ledger counts a lease from before its decision",
    LEASES,
    "this.#book.recordLease(keyId, now,",
    "this.#book.recordLease(keyId, now - 100,",
  ),
  mutant(
    "the longer leases of the previous version are forgotten",
    LEASES,
    "Math.max(knownLongestMs, this.#lastsMs(leaseMs))",
    "this.#lastsMs(leaseMs)",
  ),
  mutant("revoke does not wait", REVOKING, "await this.#waitUntil(this.#leases.leasesExpireAt(keyId));", ""),
  mutant(
    "revoke waits before the write",
    REVOKING,
    `if (row.revoked_at === null) this.#revoke(keyId, row);

    await this.#runtime.sync();
    await this.#waitUntil(this.#leases.leasesExpireAt(keyId));`,
    `await this.#waitUntil(this.#leases.leasesExpireAt(keyId));
    if (row.revoked_at === null) this.#revoke(keyId, row);
    await this.#runtime.sync();`,
  ),
  {
    name: "revoke answers before the durable write",
    edits: [
      { file: REVOKING, find: "await this.#runtime.sync();", replace: "" },
      {
        file: LEDGER,
        find: "object.session.whenConfirmed(() => this.#finish(object, call, answer));",
        replace: "this.#finish(object, call, answer);",
      },
    ],
  },
  mutant(
    "every repeat of a revocation gets a receipt of its own",
    REVOKING,
    "if (row.revoked_at === null) this.#revoke(keyId, row);",
    "this.#revoke(keyId, { ...row, revoked_at: null });",
  ),
  mutant(
    "a receipt is too early",
    REVOKING,
    "this.#leases.effectiveAt(keyId, now);",
    "{ effectiveAt: now, leaseBoundMs: 0 };",
  ),
  {
    name: "no tombstone after a scheduled end",
    edits: [
      {
        file: REVOKING,
        find: "if (row.revoked_at === null) this.#revoke(keyId, row);",
        replace: "if (!isRevoked(row, this.#runtime.now())) this.#revoke(keyId, row);",
      },
      {
        file: REVOKING,
        find: "return receiptOf(this.#runtime.keys.issued(keyId) ?? row);",
        replace: `const last = this.#runtime.keys.issued(keyId) ?? row;
    if (last.revoked_at !== null) return receiptOf(last);
    return receiptOf({ ...last, revoked_at: last.revokes_at, effective_at: last.revokes_at, lease_bound_ms: 0 });`,
      },
    ],
  },
  mutant(
    "an end is scheduled before outstanding leases expire",
    REVOKING,
    "this.#leases.scheduledEnd(keyId, row, requestedEnd);",
    "requestedEnd;",
  ),
  {
    name: "a superseded ledger grants from memory",
    edits: [
      {
        file: STORAGE,
        find: "  key(keyId: string): LeaseRow | undefined {\n    this.#touch();\n",
        replace: "  key(keyId: string): LeaseRow | undefined {\n",
      },
      {
        file: STORAGE,
        find: "  metadata(name: string): string | undefined {\n    this.#touch();\n",
        replace: "  metadata(name: string): string | undefined {\n",
      },
    ],
  },
  mutant(
    "no lease check before the forward",
    REQUEST,
    "const refusal = await isolate.observe(lease, () => lease.ensureValid(LEASE_USER));",
    "const refusal = null as Refusal | null;",
  ),
  mutant(
    "no lease check before the answer",
    REQUEST,
    "const lateRefusal = await isolate.observe(lease, ensureForResponse);",
    "const lateRefusal = null as Refusal | null;",
  ),
  mutant("an aborted body ends as if complete", REQUEST, "      end(false);", "      end(true);"),
  ...LEASE_LENGTH_MUTANTS,
  ...LIMIT_MUTANTS,
];

/** An unbroken copy must pass where mutants fail. */
export const NO_MUTANT: Mutant = { name: "nothing is broken", edits: [] };
