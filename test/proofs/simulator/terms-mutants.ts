/** Mutants of the rules about terms: permissions, addresses, suspensions. */
import { type Mutant, mutant } from "./mutant.ts";

const LEASE = "src/leases/lease.ts";
const PROTOCOL = "src/leases/protocol.ts";
const REFUSED = "src/leases/known-refusal.ts";
const BOOK = "src/ledger/lease-book.ts";
const FLIGHT = "src/gateway/in-flight-request.ts";
const ADDRESSES = "src/gateway/allowed-addresses.ts";
const LEDGER = "test/proofs/simulator/ledger-rules.ts";

export const TERMS_MUTANTS: readonly Mutant[] = [
  mutant(
    "a suspension is remembered for good",
    REFUSED,
    "until: calledAt + ttl_ms }",
    "until: Number.POSITIVE_INFINITY }",
  ),
  {
    ...mutant(
      "a suspension is remembered when the clock has stepped back",
      REFUSED,
      "return epoch === this.#clock.epoch && this.#clock.now() < until;",
      "return epoch >= 0 && this.#clock.now() < until;",
    ),
    firstSeed: 7000,
  },
  mutant(
    "the old terms are kept at a renewal",
    LEASE,
    "this.#terms = this.#terms && isSameTerms(this.#terms, terms) ? this.#terms : terms;",
    "this.#terms ??= terms;",
  ),
  mutant(
    "terms that differ in their addresses count as the same",
    PROTOCOL,
    "return JSON.stringify(one) === JSON.stringify(other);",
    "return String(one.permissions) === String(other.permissions);",
  ),
  mutant(
    "the account's addresses are not judged",
    ADDRESSES,
    "const lists = [terms.allowed_ips, terms.account_allowed_ips]",
    "const lists = [terms.allowed_ips]",
  ),
  mutant(
    "the terms are not judged while a request is in flight",
    FLIGHT,
    "if (terms === this.#judgedTerms) return null;",
    "if (this.#judgedTerms !== null || terms === null) return null;",
  ),
  mutant(
    "a restriction is answered before the wait",
    LEDGER,
    "const waitMs = restricts ? leasesMs : 0;",
    "const waitMs = restricts ? 0 * leasesMs : 0;",
  ),
  mutant(
    "a restriction of the account waits for the leases on one key",
    LEDGER,
    "const leasesMs = account ? this.#leases.waitMsForAll(now) : this.#leases.waitMs(keyId, now);",
    "const leasesMs = this.#leases.waitMs(keyId, now);",
  ),
  mutant(
    "a suspended key is granted leases",
    BOOK,
    'if (key.suspended_at !== null) return { granted: false, reason: "suspended", ttl_ms: grantMs };',
    "",
  ),
  mutant(
    "keys of a suspended account are granted leases",
    LEDGER,
    "const key = row && suspended_at !== null ? { ...row, suspended_at } : row;",
    "const key = suspended_at === null ? row : row;",
  ),
];
