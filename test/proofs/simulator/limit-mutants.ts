/** The rules of rate limits, each broken in turn. */
import { type Mutant, mutant } from "./mutant.ts";

const PERMITS = "src/leases/permits.ts";
const HELD = "src/leases/permit-window.ts";
const LEASE = "src/leases/lease.ts";
const PERMIT_BOOK = "src/ledger/permit-book.ts";
const LEDGER = "test/proofs/simulator/ledger-rules.ts";
const REQUEST = "test/proofs/simulator/simulated-request.ts";
const TAKING = "test/proofs/simulator/simulated-permit.ts";

export const LIMIT_MUTANTS: readonly Mutant[] = [
  mutant(
    "permits given up by a holder that does not know its last grant",
    PERMIT_BOOK,
    "report?.revision === known.revision && report.granted < known.granted",
    "report !== undefined && report.granted < known.granted",
  ),
  mutant(
    "permits that are not needed are not returned",
    PERMITS,
    "held.granted = held.used + wanted;",
    "held.granted = Math.max(held.granted, held.used + wanted);",
  ),
  mutant(
    "permits given back twice",
    TAKING,
    "    admitted.refund();\n",
    "    admitted.refund();\n    admitted.refund();\n",
  ),
  mutant(
    "permits of failed requests are not given back",
    REQUEST,
    "if (GATEWAY_FAILURES.has(reason.reason)) permit.refund();",
    "",
  ),
  mutant(
    "a window that is not persisted",
    PERMIT_BOOK,
    "this.#store.save(window.name, holder, { revision, granted });",
    "",
  ),
  mutant("clocks believed to run alike", PERMITS, "const DRIFT_SHARE = 1 / 50;", "const DRIFT_SHARE = 0;"),
  mutant(
    "a request at the edge counted in one window only",
    PERMITS,
    "atEdge && held.next ? [held.current, held.next] : [held.current];",
    "[held.current];",
  ),
  mutant(
    "an overtaken answer takes the limit away",
    PERMITS,
    `const isOvertaken =
      epoch === this.#heard.epoch ? askedAt < this.#heard.askedAt : epoch < this.#heard.epoch;`,
    "const isOvertaken = false;",
  ),
  mutant("an overtaken answer is applied", HELD, "  if (revision < held.revision) return;\n", ""),
  mutant(
    "a lowered limit takes back what was used meanwhile",
    HELD,
    "held.granted = Math.max(held.used, revision",
    "held.granted = Math.max(0, revision",
  ),
  mutant(
    "an old answer brings back what was given up",
    HELD,
    "revision > held.revision ? granted : Math.min(held.granted, granted));",
    "granted);",
  ),
  mutant(
    "what was used is forgotten while there is no limit",
    PERMITS,
    "      this.#unlimited = grants === null;\n",
    "      this.#unlimited = grants === null;\n      if (grants === null) this.#buckets.clear();\n",
  ),
  mutant(
    "a lower limit waits for the next window",
    PERMIT_BOOK,
    "const told = left < 0 ? Math.min(granted, Math.max(used, granted + left)) : granted;",
    "const told = granted;",
  ),
  mutant(
    "what was used is forgotten when the ledger's clock turns out to be behind",
    HELD,
    "endsAt > current.endsAt - KNOWN_AFTER_END_MS",
    "endsAt >= current.endsAt",
  ),
  mutant("everybody who runs low asks for more", PERMITS, "held.lowAt = Number.NEGATIVE_INFINITY;", ""),
  mutant("a promise that grows", PERMITS, "Math.min(current.advertisedRemaining, limit,", "Math.min(limit,"),
  mutant(
    "an exhausted key renewed as often as any",
    LEASE,
    "return this.permits.isRefusing &&",
    "return false &&",
  ),
  mutant("no permits ahead of the next window", LEDGER, "now, 2 * answer.ttl_ms);", "now, 0);"),
];
