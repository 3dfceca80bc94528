/** Mutants of the rules about terms: permissions, addresses, suspensions. */
import type { SimulatorMutant } from "./run-mutant.ts";

const KNOWN_REFUSAL = "src/leases/known-refusal.ts";
const RULES = "test/proofs/simulator/ledger-rules.ts";

export const TERMS_MUTANTS: readonly SimulatorMutant[] = [
  {
    promise: "undone",
    name: "a suspension is remembered for good",
    in: KNOWN_REFUSAL,
    find: "$CALLED_AT + ttl_ms",
    replace: "Number.POSITIVE_INFINITY",
  },
  {
    promise: "undone",
    name: "a suspension is remembered when the clock has stepped back",
    in: KNOWN_REFUSAL,
    find: "$EPOCH === this.$CLOCK.$EPOCH && $IS_EARLIER",
    replace: "$EPOCH >= 0 && $IS_EARLIER",
    firstSeed: 10_100,
  },
  {
    promise: "remove permissions",
    name: "the old terms are kept at a renewal",
    in: "src/leases/lease.ts",
    find: "this.$TERMS = this.$TERMS && $IS_SAME_TERMS(this.$TERMS, $NEW) ? this.$TERMS : $NEW;",
    replace: "this.$TERMS ??= $NEW;",
  },
  {
    promise: "narrow the key's addresses",
    name: "terms that differ in their addresses count as the same",
    in: "src/leases/protocol.ts",
    find: "return JSON.stringify($ONE) === JSON.stringify($OTHER);",
    given: "[$TERMS?.$PERMISSIONS, $$$]",
    replace: "return String($ONE.$PERMISSIONS) === String($OTHER.$PERMISSIONS);",
  },
  {
    promise: "narrow the account's addresses",
    name: "the account's addresses are not judged",
    in: "src/gateway/allowed-addresses.ts",
    find: "[$TERMS.allowed_ips, $TERMS.account_allowed_ips]",
    replace: "[$TERMS.allowed_ips]",
  },
  {
    promise: "remove permissions",
    name: "the terms are not judged while a request is in flight",
    in: "src/gateway/in-flight-request.ts",
    find: "if ($TERMS === this.$JUDGED_TERMS) return null;",
    replace: "if (this.$JUDGED_TERMS !== null || $TERMS === null) return null;",
  },
  {
    promise: "suspend",
    name: "a restriction is answered before the wait",
    in: RULES,
    find: "$RESTRICTS ? $LEASES_MS : 0",
    replace: "$RESTRICTS ? 0 * $LEASES_MS : 0",
  },
  {
    promise: "suspend the account",
    name: "a restriction of the account waits for the leases on one key",
    in: RULES,
    find: "$ACCOUNT ? this.$LEASES.$WAIT_MS_FOR_ALL($NOW) : this.$LEASES.$WAIT_MS($KEY_ID, $NOW)",
    replace: "this.$LEASES.$WAIT_MS($KEY_ID, $NOW)",
    firstSeed: 1540,
  },
  {
    promise: "suspend",
    name: "a suspended key is granted leases",
    in: "src/ledger/lease-book.ts",
    find: "if ($KEY.suspended_at !== null) return $REFUSED;",
    replace: "",
  },
  {
    promise: "suspend the account",
    name: "keys of a suspended account are granted leases",
    in: RULES,
    find: "$ROW && suspended_at !== null ? { ...$ROW, suspended_at } : $ROW",
    replace: "suspended_at === null ? $ROW : $ROW",
  },
];
