/** Mutants of the rate-limit rules. */
import { type Mutant, mutant } from "./mutant.ts";

const PERMITS = "src/leases/permits.ts";
const WINDOW = "src/leases/permit-window.ts";
const LEASE = "src/leases/lease.ts";
const PERMIT_BOOK = "src/ledger/permit-book.ts";
const LEDGER = "test/proofs/simulator/ledger-rules.ts";
const REQUEST = "test/proofs/simulator/simulated-request.ts";
const TAKING = "test/proofs/simulator/simulated-permit.ts";

export const LIMIT_MUTANTS: readonly Mutant[] = [
  mutant(
    "a holder returns permits without knowing its last grant",
    PERMIT_BOOK,
    "report?.revision === known.revision && report.granted < known.granted",
    "report !== undefined && report.granted < known.granted",
  ),
  mutant(
    "unneeded permits are not returned",
    PERMITS,
    "window.granted = window.used + wanted;",
    "window.granted = Math.max(window.granted, window.used + wanted);",
  ),
  mutant(
    "a permit is refunded twice",
    TAKING,
    "    admitted.refund();\n",
    "    admitted.refund();\n    admitted.refund();\n",
  ),
  mutant(
    "permits of failed requests are not refunded",
    REQUEST,
    "if (GATEWAY_FAILURES.has(reason.reason)) permit.refund();",
    "",
  ),
  mutant(
    "permits are not persisted",
    PERMIT_BOOK,
    "this.#store.save(window.name, holder, { revision, granted });",
    "",
  ),
  mutant("clocks are assumed not to drift", PERMITS, "const DRIFT_SHARE = 1 / 50;", "const DRIFT_SHARE = 0;"),
  mutant(
    "a request at a window's edge counts in one window only",
    PERMITS,
    "atEdge && permits.next ? [permits.current, permits.next] : [permits.current];",
    "[permits.current];",
  ),
  mutant(
    "an overtaken answer removes the limit",
    PERMITS,
    "const isOvertaken = epoch === last.epoch ? calledAt < last.calledAt : epoch < last.epoch;",
    "const isOvertaken = false;",
  ),
  mutant("an overtaken answer is applied", WINDOW, "  if (revision < window.revision) return;\n", ""),
  {
    ...mutant(
      "a lowered limit withdraws permits already used",
      WINDOW,
      "window.granted = Math.max(window.used, usable);",
      "window.granted = usable;",
    ),
    firstSeed: 10_000,
  },
  mutant(
    "an old answer restores returned permits",
    WINDOW,
    "revision > window.revision ? granted : Math.min(window.granted, granted);",
    "granted;",
  ),
  mutant(
    "used permits are forgotten while there is no limit",
    PERMITS,
    "      this.#unlimited = grants === null;\n",
    "      this.#unlimited = grants === null;\n      if (grants === null) this.#buckets.clear();\n",
  ),
  mutant(
    "a lower limit applies from the next window only",
    PERMIT_BOOK,
    "const usable = left < 0 ? Math.min(granted, Math.max(used, granted + left)) : granted;",
    "const usable = granted;",
  ),
  mutant(
    "used permits are forgotten when the ledger's clock is behind",
    WINDOW,
    "endsAt > current.endsAt - KEPT_AFTER_END_MS",
    "endsAt >= current.endsAt",
  ),
  mutant(
    "every request that runs low renews ahead",
    PERMITS,
    "permits.lowAt = Number.NEGATIVE_INFINITY;",
    "",
  ),
  mutant(
    "the advertised remainder grows",
    PERMITS,
    "Math.min(current.advertisedRemaining, limit,",
    "Math.min(limit,",
  ),
  mutant(
    "an exhausted key is renewed as often as any",
    LEASE,
    "return this.permits.isExhausted &&",
    "return false &&",
  ),
  mutant("no permits are granted ahead of the next window", LEDGER, "now, 2 * answer.ttl_ms);", "now, 0);"),
];
