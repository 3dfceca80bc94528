/** Mutants of the order of a revocation and of its receipt. */
import type { Mutant } from "../mutant.ts";

const BOOK = "src/ledger/lease-book.ts";
const ISSUER = "src/ledger/lease-issuer.ts";
const RULES = "test/proofs/simulator/ledger-rules.ts";

const REVOKE_ONCE = "if ($ROW.revoked_at === null) this.$REVOKE($KEY_ID, $NOW, $ROW);";
const WHOLE_LEASE = "return $NOW < $EXPIRE_AT + $CLOCK_STEP_MAX_MS ? $LONGEST_MS : 0;";

export const REVOKE_MUTANTS: readonly Mutant[] = [
  {
    promise: "revoke",
    name: "revoke does not wait",
    in: RULES,
    find: "await $WAITED;",
    given: "const $WAITED = $WAIT_MS > 0 ? $WAIT : null",
    replace: "",
  },
  {
    promise: "revoke",
    name: "revoke waits for what the clock says is left of a lease",
    in: BOOK,
    find: WHOLE_LEASE,
    replace: "return Math.min($LONGEST_MS, Math.max(0, $EXPIRE_AT - $NOW));",
  },
  {
    promise: "revoke",
    name: "revoke waits for a whole lease only until the clock says it has expired",
    in: BOOK,
    find: WHOLE_LEASE,
    replace: "return $NOW < $EXPIRE_AT ? $LONGEST_MS : 0;",
  },
  {
    promise: "revoke",
    name: "revoke waits before the write",
    in: RULES,
    find: `{
      $$$BEFORE
      ${REVOKE_ONCE}
      await this.$TAKE_EFFECT($WAIT_MS);
      $$$AFTER
    }`,
    replace: `{
      $$$BEFORE
      await this.$TAKE_EFFECT($WAIT_MS);
      ${REVOKE_ONCE}
      $$$AFTER
    }`,
  },
  {
    promise: "revoke",
    name: "revoke answers before the durable write",
    in: RULES,
    find: "await this.$RUNTIME.$SYNC();",
    replace: "",
    also: [
      {
        in: "test/proofs/simulator/simulated-ledger.ts",
        find: "$OBJECT.$SESSION.$WHEN_CONFIRMED(() => this.$FINISH($OBJECT, $CALL, $ANSWER));",
        replace: "this.$FINISH($OBJECT, $CALL, $ANSWER);",
      },
    ],
  },
  {
    promise: "receipt",
    name: "every repeat of a revocation gets a receipt of its own",
    in: RULES,
    find: REVOKE_ONCE,
    replace: "this.$REVOKE($KEY_ID, $NOW, { ...$ROW, revoked_at: null });",
  },
  {
    promise: "receipt",
    name: "a receipt is too early",
    in: RULES,
    find: "$HAS_ENDED ? { $EFFECTIVE_AT: $END, $BOUND: 0 } : this.$LEASES.$TIMING($KEY_ID, $NOW)",
    replace: "$HAS_ENDED ? { $EFFECTIVE_AT: $END, $BOUND: 0 } : { $EFFECTIVE_AT: $NOW, $BOUND: 0 }",
  },
  {
    promise: "tombstone",
    name: "no tombstone after a scheduled end",
    in: RULES,
    find: REVOKE_ONCE,
    given: "const $HAS_ENDED = $IS_REVOKED($ROW, $NOW)",
    replace: "if (!$IS_REVOKED($ROW, $NOW)) this.$REVOKE($KEY_ID, $NOW, $ROW);",
    also: [
      {
        in: RULES,
        find: "return $RECEIPT_OF(this.$RUNTIME.$KEYS.$ISSUED($KEY_ID) ?? $ROW);",
        replace: `const latestRow = this.$RUNTIME.$KEYS.$ISSUED($KEY_ID) ?? $ROW;
    if (latestRow.revoked_at !== null) return $RECEIPT_OF(latestRow);
    return $RECEIPT_OF({ ...latestRow, revoked_at: latestRow.revokes_at, effective_at: latestRow.revokes_at, lease_bound_ms: 0 });`,
      },
    ],
  },
  {
    promise: "sooner end",
    name: "an end sooner than the leases in use is answered at once",
    in: ISSUER,
    find: "return $NOW + $WAIT_MS <= $END ? 0 : $WAIT_MS;",
    replace: "return $END < 0 ? $WAIT_MS : 0;",
  },
];
