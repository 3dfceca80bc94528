/**
 * Mutants of the lease and revocation rules, as text replacements; `run-mutant.ts` runs them.
 *
 * A mutant changes the real code wherever the rule is implemented there. The model implements only the order of a
 * request and of a revocation, and the behaviour of storage.
 */

import { CLOCK_MUTANTS } from "./clock-mutants.ts";
import { LEASE_LENGTH_MUTANTS } from "./lease-length-mutants.ts";
import { LIMIT_MUTANTS } from "./limit-mutants.ts";
import { type Mutant, mutant } from "./mutant.ts";
import { TERMS_MUTANTS } from "./terms-mutants.ts";

const LEASE = "src/leases/lease.ts";
const REFUSED = "src/leases/known-refusal.ts";
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
    "this.#applyGrant(calledAt, epoch, answer);",
    "this.#applyGrant(this.#clock.now(), this.#clock.epoch, answer);",
  ),
  mutant(
    "a renewal is accepted after a refusal",
    LEASE,
    "    if (this.refusal) return;\n",
    "    this.#refused = new KnownRefusal(this.#clock);\n",
  ),
  mutant("a refusal is not remembered", REFUSED, "if (FOR_GOOD.has(reason)) this.refuseForGood(reason);", ""),
  mutant("a clock that jumps back does not void the lease", CLOCK, "this.#epoch += 1;", ""),
  ...CLOCK_MUTANTS,
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
    "if (this.#sendingBody && !this.#lease.isValid()) return this.#renewalRefusal ?? UNREACHABLE;",
    "",
  ),
  mutant(
    "no wait after a restart",
    BOOK,
    "inheritedMs === 0 ? NO_LEASES : {",
    "inheritedMs >= 0 ? NO_LEASES : {",
  ),
  mutant(
    "a shorter lease replaces a longer one in the book",
    BOOK,
    "longestMs: Math.max(lastsMs, waitMsFor(known, now)),",
    "longestMs: lastsMs,",
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
  mutant("no margin at all", LEASES, "this.#marginMs = leaseMarginMs;", "this.#marginMs = 0;"),
  mutant(
    "no margin on recorded leases",
    LEASES,
    "this.#book.recordLease(keyId, now, lastsMs);",
    "this.#book.recordLease(keyId, now, verdict.ttl_ms);",
  ),
  mutant(
    "the longer leases of the previous version are forgotten",
    LEASES,
    "startedAt <= this.#onDisk.until ? this.#onDisk.longest_ms : 0",
    "startedAt <= this.#onDisk.until ? leaseMs + leaseMarginMs : 0",
  ),
  mutant("revoke does not wait", REVOKING, "    await waited;\n", ""),
  mutant(
    "revoke waits for what the clock says is left of a lease",
    BOOK,
    "return now < expireAt + CLOCK_STEP_MAX_MS ? longestMs : 0;",
    "return Math.min(longestMs, Math.max(0, expireAt - now));",
  ),
  mutant(
    "revoke waits for a whole lease only until the clock says it has expired",
    BOOK,
    "return now < expireAt + CLOCK_STEP_MAX_MS ? longestMs : 0;",
    "return now < expireAt ? longestMs : 0;",
  ),
  mutant(
    "revoke waits before the write",
    REVOKING,
    `if (row.revoked_at === null) this.#revoke(keyId, now, row);
    await this.#takeEffect(this.#leases.waitMs(keyId, now));`,
    `await this.#takeEffect(this.#leases.waitMs(keyId, now));
    if (row.revoked_at === null) this.#revoke(keyId, now, row);`,
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
    "if (row.revoked_at === null) this.#revoke(keyId, now, row);",
    "this.#revoke(keyId, now, { ...row, revoked_at: null });",
  ),
  mutant(
    "a receipt is too early",
    REVOKING,
    "this.#leases.timing(keyId, now);",
    "{ effectiveAt: now, leaseBoundMs: 0 };",
  ),
  {
    name: "no tombstone after a scheduled end",
    edits: [
      {
        file: REVOKING,
        find: "if (row.revoked_at === null) this.#revoke(keyId, now, row);",
        replace: "if (!isRevoked(row, now)) this.#revoke(keyId, now, row);",
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
    "an end sooner than the leases in use is answered at once",
    LEASES,
    "return now + waitMs <= end ? 0 : waitMs;",
    "return end < 0 ? waitMs : 0;",
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
        find: "  metadata(name: string): unknown {\n    this.#touch();\n",
        replace: "  metadata(name: string): unknown {\n",
      },
    ],
  },
  mutant(
    "no lease check before the forward",
    REQUEST,
    "const refusal = await isolate.observe(lease, () => lease.ensureValid(context, bucket));",
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
  ...TERMS_MUTANTS,
];

/** An unbroken copy must pass where mutants fail. */
export const NO_MUTANT: Mutant = { name: "nothing is broken", edits: [] };
