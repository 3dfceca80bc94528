/** Mutants of the rate-limit rules. */
import { type Mutant, mutant } from "./mutant.ts";

const PERMITS = "src/leases/permits.ts";
const BUCKET = "src/leases/bucket-permits.ts";
const WINDOW = "src/leases/permit-window.ts";
const HAND_BACK = "src/leases/hand-back.ts";
const LEASE = "src/leases/lease.ts";
const LIMIT = "src/gateway/enforce-limit.ts";
const PERMIT_BOOK = "src/ledger/permit-book.ts";
const WINDOWS = "src/ledger/permit-windows.ts";
const REQUEST = "test/proofs/simulator/simulated-request.ts";
const TAKING = "test/proofs/simulator/simulated-permit.ts";

export const LIMIT_MUTANTS: readonly Mutant[] = [
  mutant(
    "a holder returns permits without knowing its last grant",
    PERMIT_BOOK,
    "holder.revision !== 0 && report.revision === holder.revision;",
    "report.revision !== 0;",
  ),
  mutant(
    "unneeded permits are not returned",
    WINDOW,
    "window.granted = window.used + needed;",
    "window.granted = Math.max(window.granted, window.used + needed);",
  ),
  mutant(
    "permits are used after they were handed back",
    BUCKET,
    "    returnUnneeded(window, waiting + need.ahead);\n",
    `    const kept = window.granted;
    returnUnneeded(window, waiting + need.ahead);
    queueMicrotask(() => void (window.granted = kept));\n`,
  ),
  mutant(
    "permits are handed back twice",
    PERMIT_BOOK,
    "    holder.nextRevision();\n",
    "    if (kept === before || holder.revision === 0) holder.nextRevision();\n",
  ),
  mutant(
    "nothing is handed back",
    HAND_BACK,
    "if (isWatched || this.#permits.msUntilHandBack() === null) return;",
    "if (isWatched || this.#watchedUntil < 0) return;",
  ),
  mutant(
    "permits are granted ahead for a key that is seldom used",
    PERMITS,
    "const soon = demand.expected(this.#leaseMs / 2 + this.#roundTripMs, now, this.silenceMs);",
    "const soon = Math.max(1, demand.expected(this.#leaseMs / 2 + this.#roundTripMs, now, this.silenceMs));",
  ),
  mutant(
    "a request does not wait for permits that come back",
    LIMIT,
    "const isInVain = polls === POLLS_MAX",
    "const isInVain = polls === 0",
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
  mutant("permits are not persisted", WINDOWS, "    this.#save(record, at);\n", ""),
  mutant(
    "more permits are granted than are reserved on disk",
    WINDOWS,
    "if (!isFirst && reserved === before.reserved) return;",
    "if (!isFirst && reserved >= before.reserved) return;",
  ),
  mutant("permits in use are reclaimed", WINDOWS, "one.reserve(one.bound, at);", "one.reserve(0, at);"),
  mutant(
    "the limit of the account is ignored",
    PERMIT_BOOK,
    "const free = () => Math.min(...limited.map(({ limit, shared }) => limit - shared.bound));",
    "const free = () => Math.min(...limited.slice(0, 1).map(({ limit, shared }) => limit - shared.bound));",
  ),
  mutant("clocks are assumed not to drift", BUCKET, "const DRIFT_SHARE = 1 / 50;", "const DRIFT_SHARE = 0;"),
  mutant(
    "a request at a window's edge counts in one window only",
    PERMITS,
    "atEdge && permits.next ? [permits.current, permits.next] : [permits.current];",
    "[permits.current];",
  ),
  {
    ...mutant(
      "an overtaken answer removes the limit",
      PERMITS,
      "const isOvertaken = epoch === last.epoch ? calledAt < last.calledAt : epoch < last.epoch;",
      "const isOvertaken = false;",
    ),
    firstSeed: 13_900,
  },
  mutant("an overtaken answer is applied", WINDOW, "  if (grant.revision < window.revision) return;\n", ""),
  {
    ...mutant(
      "a lowered limit withdraws permits already used",
      WINDOW,
      "const granted = Math.max(window.used, usable);",
      "const granted = usable;",
    ),
    firstSeed: 10_000,
  },
  mutant(
    "an old answer restores returned permits",
    WINDOW,
    "grant.revision > window.revision ? grant.granted : Math.min(window.granted, grant.granted);",
    "grant.granted;",
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
    "const granted = left < 0 ? Math.min(bound, Math.max(used, bound + left)) : bound;",
    "const granted = bound;",
  ),
  {
    name: "a window opens again when the ledger's clock steps back, and its used permits are forgotten",
    edits: [
      {
        file: PERMIT_BOOK,
        find: "if (behindMs < 0 || behindMs > CLOCK_STEP_MAX_MS) this.#time = clockMs;",
        replace: "if (behindMs !== 0) this.#time = clockMs;",
      },
      {
        file: WINDOW,
        find: "endsAt > current.endsAt - windowMs - KEPT_AFTER_END_MS",
        replace: "endsAt >= current.endsAt",
      },
    ],
  },
  mutant(
    "every request that runs low renews ahead",
    BUCKET,
    "  permits.lowAt = Number.NEGATIVE_INFINITY;\n  return true;",
    "  return true;",
  ),
  mutant(
    "the advertised remainder grows",
    BUCKET,
    "Math.min(current.advertisedRemaining, limit,",
    "Math.min(limit,",
  ),
  mutant(
    "an exhausted key is renewed as often as any",
    LEASE,
    "return this.permits.isExhausted &&",
    "return false &&",
  ),
];
