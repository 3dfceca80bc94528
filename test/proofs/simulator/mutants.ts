/**
 * Mutants of the rules of leases and revocation; `run-mutant.ts` runs them.
 *
 * A mutant changes the real code wherever the rule is implemented there. The model implements only the order of a
 * request and of a revocation, and the behaviour of storage.
 */
import type { Mutant } from "../mutant.ts";
import { CLOCK_MUTANTS } from "./clock-mutants.ts";
import { LEASE_LENGTH_MUTANTS } from "./lease-length-mutants.ts";
import { LIMIT_MUTANTS } from "./limit-mutants.ts";
import { PERMIT_MUTANTS } from "./permit-mutants.ts";
import { REVOKE_MUTANTS } from "./revoke-mutants.ts";
import type { SimulatorMutant } from "./run-mutant.ts";
import { TERMS_MUTANTS } from "./terms-mutants.ts";

const LEASE = "src/leases/lease.ts";
const BOOK = "src/ledger/lease-book.ts";
const ISSUER = "src/ledger/lease-issuer.ts";
const IN_FLIGHT = "src/gateway/in-flight-request.ts";
const REQUEST = "test/proofs/simulator/simulated-request.ts";
const STORAGE = "test/proofs/simulator/simulated-storage.ts";

const LEASE_MUTANTS: readonly Mutant[] = [
  {
    promise: "G1",
    name: "a lease is counted from the receipt of the answer",
    in: LEASE,
    find: "this.$APPLY_GRANT($CALLED_AT, $EPOCH, $ANSWER);",
    given: "const $SAME = this.$CLOCK.$EPOCH",
    replace: "this.$APPLY_GRANT(this.$CLOCK.now(), this.$CLOCK.$EPOCH, $ANSWER);",
  },
  {
    promise: "G1",
    name: "a renewal is accepted after a refusal",
    in: LEASE,
    find: "if (this.$REFUSAL) return;",
    given: ["this.$REFUSED = new $KNOWN_REFUSAL($PARAMETER);", "this.$CLOCK = $PARAMETER;"],
    replace: "this.$REFUSED = new $KNOWN_REFUSAL(this.$CLOCK);",
  },
  {
    promise: "few calls",
    name: "a refusal is not remembered",
    in: "src/leases/known-refusal.ts",
    find: "if ($PERMANENT_REFUSALS.has($REASON)) this.$REFUSE_PERMANENTLY($REASON);",
    replace: "",
  },
  {
    promise: "G1",
    name: "a clock that jumps back does not void the lease",
    in: "src/leases/lease-clock.ts",
    find: "this.$EPOCH += 1;",
    replace: "",
  },
  {
    promise: "no wait",
    name: "no request renews ahead",
    in: LEASE,
    find: 'return $NOW >= this.$RENEW_FROM ? "renewable" : "valid";',
    replace: 'return "valid";',
  },
  {
    promise: "few calls",
    name: "every request renews ahead",
    in: LEASE,
    find: "this.$RENEW_FROM = $CALLED_AT + this.$TTL_MS / 4;",
    replace: "",
  },
  {
    promise: "G2",
    name: "a request in flight is not watched",
    in: IN_FLIGHT,
    find: "this.$CANCEL_TIMER = $SCHEDULE($MS, () => this.$CHECK());",
    replace: "",
  },
  {
    promise: "G3",
    name: "a body continues without a lease",
    in: IN_FLIGHT,
    find: "if (this.$SENDING_BODY && !this.$LEASE.$IS_VALID()) return this.$RENEWAL_REFUSAL ?? $UNREACHABLE;",
    replace: "",
  },
  {
    promise: "G3",
    name: "an aborted body ends as if complete",
    in: REQUEST,
    find: "$END(false);",
    replace: "$END(true);",
  },
  {
    promise: "G1",
    name: "no wait after a restart",
    in: BOOK,
    find: "$INHERITED_MS === 0 ? $NO_LEASES : $INHERITED",
    replace: "$INHERITED_MS >= 0 ? $NO_LEASES : $INHERITED",
  },
  {
    promise: "G1",
    name: "a shorter lease replaces a longer one in the book",
    in: BOOK,
    find: "Math.max($LASTS_MS, $WAIT_MS_FOR($KNOWN, $NOW))",
    inside: "this.$LEASES.set($KEY_ID, { $$$ })",
    replace: "$LASTS_MS",
  },
  {
    promise: "sooner end",
    name: "a lease outlasts a scheduled end",
    in: BOOK,
    find: "Math.min($GRANT_MS, ...$ENDS.map($LEFT))",
    replace: "$GRANT_MS",
  },
  {
    promise: "sooner end",
    name: "an expired key is not refused",
    in: BOOK,
    find: "if ($HAS_PASSED($KEY.expires_at, $NOW)) return $REFUSED;",
    replace: "",
  },
  {
    promise: "G1",
    name: "no margin at all",
    in: ISSUER,
    find: "this.$MARGIN_MS = $LEASE_MARGIN_MS;",
    inside: "class $LEASE_ISSUER { $$$ }",
    given: "$VERDICT.ttl_ms + this.$MARGIN_MS",
    replace: "this.$MARGIN_MS = 0;",
  },
  {
    promise: "G1",
    name: "no margin on recorded leases",
    in: ISSUER,
    find: "this.$BOOK.$RECORD_LEASE($KEY_ID, $NOW, $LASTS_MS);",
    given: "$VERDICT.ttl_ms + this.$MARGIN_MS",
    replace: "this.$BOOK.$RECORD_LEASE($KEY_ID, $NOW, $VERDICT.ttl_ms);",
  },
  {
    promise: "G1",
    name: "the longer leases of the previous version are forgotten",
    in: ISSUER,
    find: "$STARTED_AT <= this.$ON_DISK.$UNTIL ? this.$ON_DISK.longest_ms : 0",
    given: [
      "$VERDICT.ttl_ms + this.$MARGIN_MS",
      "this.$MARGIN_MS = $LEASE_MARGIN_MS",
      "new $LEASE_LENGTH($LEASE_MS, $LEASE_MAX_MS, $STARTED_AT, $GRANTS_MAX)",
    ],
    replace: "$STARTED_AT <= this.$ON_DISK.$UNTIL ? $LEASE_MS + $LEASE_MARGIN_MS : 0",
  },
  {
    promise: "G1",
    name: "a superseded ledger grants from memory",
    in: STORAGE,
    find: "class $C { $KEY($KEY_ID: string): $LEASE_ROW | undefined { this.$TOUCH(); $$$READ } }",
    kind: "method_definition",
    replace: "$KEY($KEY_ID: string): $LEASE_ROW | undefined { $$$READ }",
    also: [
      {
        in: STORAGE,
        find: "class $C { $METADATA($NAME: string): unknown { this.$TOUCH(); $$$READ } }",
        kind: "method_definition",
        replace: "$METADATA($NAME: string): unknown { $$$READ }",
      },
    ],
  },
  {
    promise: "G1",
    name: "no lease check before the forward",
    in: REQUEST,
    find: "await $ISOLATE.$OBSERVE($LEASE, () => $LEASE.$ENSURE_VALID($CONTEXT, $BUCKET))",
    replace: "null",
  },
  {
    promise: "G2",
    name: "no lease check before the answer",
    in: REQUEST,
    find: "await $ISOLATE.$OBSERVE($LEASE, $ENSURE_FOR_RESPONSE)",
    given: "const $ENSURE_FOR_RESPONSE = () => $LEASE.$ENSURE_VALID_FOR_RESPONSE($CONTEXT, $BODY_FOLLOWS)",
    replace: "null",
  },
];

export const MUTANTS: readonly SimulatorMutant[] = [
  ...LEASE_MUTANTS,
  ...CLOCK_MUTANTS,
  ...REVOKE_MUTANTS,
  ...LEASE_LENGTH_MUTANTS,
  ...LIMIT_MUTANTS,
  ...PERMIT_MUTANTS,
  ...TERMS_MUTANTS,
];
