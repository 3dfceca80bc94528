/** Mutants of the ledger's rules of rate limits, and of the model's. */
import type { SimulatorMutant } from "./run-mutant.ts";

const PERMIT_BOOK = "src/ledger/permit-book.ts";
const WINDOWS = "src/ledger/permit-windows.ts";

export const LIMIT_MUTANTS: readonly SimulatorMutant[] = [
  {
    promise: "not above the limit",
    name: "a holder returns permits without knowing its last grant",
    in: PERMIT_BOOK,
    find: "$HOLDER.$REVISION !== 0 && $REPORT.$REVISION === $HOLDER.$REVISION",
    replace: "$REPORT.$REVISION !== 0",
    firstSeed: 300,
  },
  {
    promise: "not above the limit",
    name: "permits are returned twice",
    in: PERMIT_BOOK,
    find: "$HOLDER.$NEXT_REVISION();",
    inside: "if ($KEPT < $BEFORE || $BOUND > $KEPT || ($BOUND > 0 && $HOLDER.$REVISION === 0)) { $$$ }",
    replace: "if ($KEPT === $BEFORE || $HOLDER.$REVISION === 0) $HOLDER.$NEXT_REVISION();",
    firstSeed: 1080,
  },
  {
    promise: "not above the limit",
    name: "permits are not persisted",
    in: WINDOWS,
    find: "this.$ROW = this.$ROWS.$SAVE(this.$ROW, $RECORD);",
    replace: "",
  },
  {
    promise: "not above the limit",
    name: "more permits are granted than are reserved on disk",
    in: WINDOWS,
    find: "if (!$IS_FIRST && $RESERVED === $BEFORE.$RESERVED_BEFORE) return;",
    replace: "if (!$IS_FIRST && $RESERVED >= $BEFORE.$RESERVED_BEFORE) return;",
  },
  {
    promise: "not above the limit",
    name: "permits in use are reclaimed",
    in: WINDOWS,
    find: "$ONE.$RESERVE($ONE.$BOUND, $AT);",
    replace: "$ONE.$RESERVE(0, $AT);",
  },
  {
    promise: "not above the account's limit",
    name: "the limit of the account is ignored",
    in: PERMIT_BOOK,
    find: "() => Math.min(...$LIMITED.map($LEFT))",
    replace: "() => Math.min(...$LIMITED.slice(0, 1).map($LEFT))",
  },
  {
    promise: "lower limit",
    name: "a lower limit applies from the next window only",
    in: PERMIT_BOOK,
    find: "$LEFT < 0 ? Math.min($BOUND, Math.max($USED, $BOUND + $LEFT)) : $BOUND",
    replace: "$BOUND",
    firstSeed: 570,
  },
  {
    promise: "not above the limit",
    name: "a window opens again when the ledger's clock steps back, and its used permits are forgotten",
    in: PERMIT_BOOK,
    find: "if ($BEHIND_MS < 0 || $BEHIND_MS > $CLOCK_STEP_MAX_MS) this.$TIME = $CLOCK_MS;",
    replace: "if ($BEHIND_MS !== 0) this.$TIME = $CLOCK_MS;",
    also: [
      {
        in: "src/leases/permit-window.ts",
        find: "$ENDS_AT > $CURRENT.$ENDS_AT - $WINDOW_MS - $KEPT_AFTER_END_MS",
        replace: "$ENDS_AT >= $CURRENT.$ENDS_AT",
      },
    ],
  },
  {
    promise: "not below the limit",
    name: "a request does not wait for permits that come back",
    in: "src/gateway/enforce-limit.ts",
    find: "$POLLS === $POLLS_MAX || ($POLLS === 0 && $TOO_MANY_WAIT)",
    replace: "$POLLS === 0",
  },
  {
    promise: "not above the limit",
    name: "a permit is refunded twice",
    in: "test/proofs/simulator/simulated-permit.ts",
    find: "$ADMITTED.$REFUND();",
    replace: "$ADMITTED.$REFUND();\n    $ADMITTED.$REFUND();",
  },
  {
    promise: "not below the limit",
    name: "permits of failed requests are not refunded",
    in: "test/proofs/simulator/simulated-request.ts",
    find: "if ($GATEWAY_FAILURES.has($REASON)) $PERMIT.$REFUND();",
    replace: "",
  },
];
