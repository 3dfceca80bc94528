/** The rules of rate limits, each broken in turn. */
import { type Mutant, mutant } from "./mutant.ts";

const PERMITS = "src/keys/permits.ts";
const HELD = "src/keys/held-permits.ts";
const LEASE = "src/keys/lease.ts";
const PERMIT_BOOK = "src/ledger/permit-book.ts";
const LEDGER = "test/simulator/ledger-rules.ts";
const REQUEST = "test/simulator/simulated-request.ts";
const TAKING = "test/simulator/simulated-permit.ts";

export const LIMIT_MUTANTS: readonly Mutant[] = [
  mutant(
    "permits given up by a holder that does not know its last grant",
    PERMIT_BOOK,
    "report?.number === known.number && report.cap < known.cap",
    "report !== undefined && report.cap < known.cap",
  ),
  mutant(
    "permits that are not needed are not returned",
    PERMITS,
    "held.cap = held.used + wanted;",
    "held.cap = Math.max(held.cap, held.used + wanted);",
  ),
  mutant(
    "permits given back twice",
    TAKING,
    "    admitted.giveBack();\n",
    "    admitted.giveBack();\n    admitted.giveBack();\n",
  ),
  mutant(
    "permits of failed requests are not given back",
    REQUEST,
    "if (GATEWAY_FAILURES.has(reason.reason)) permit.giveBack();",
    "",
  ),
  mutant(
    "a window that is not persisted",
    PERMIT_BOOK,
    "this.#store.save(window.name, holder, { number, cap });",
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
    "const isOvertaken = era === this.#heard.era ? askedAt < this.#heard.askedAt : era < this.#heard.era;",
    "const isOvertaken = false;",
  ),
  mutant("an overtaken answer is applied", HELD, "  if (number < held.number) return;\n", ""),
  mutant(
    "a lowered limit takes back what was used meanwhile",
    HELD,
    "held.cap = Math.max(held.used, number",
    "held.cap = Math.max(0, number",
  ),
  mutant(
    "an old answer brings back what was given up",
    HELD,
    "number > held.number ? cap : Math.min(held.cap, cap));",
    "cap);",
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
    "const told = left < 0 ? Math.min(cap, Math.max(used, cap + left)) : cap;",
    "const told = cap;",
  ),
  mutant(
    "what was used is forgotten when the ledger's clock turns out to be behind",
    HELD,
    "endsAt > current.endsAt - KNOWN_AFTER_END_MS",
    "endsAt >= current.endsAt",
  ),
  mutant("everybody who runs low asks for more", PERMITS, "held.lowAt = Number.NEGATIVE_INFINITY;", ""),
  mutant("a promise that grows", PERMITS, "Math.min(current.promised, limit,", "Math.min(limit,"),
  mutant(
    "an exhausted key renewed as often as any",
    LEASE,
    "return this.permits.isRefusing &&",
    "return false &&",
  ),
  mutant("no permits ahead of the next window", LEDGER, "now, 2 * answer.ttl_ms);", "now, 0);"),
];
