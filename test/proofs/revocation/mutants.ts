/** Mutants of revocation and other restrictions that need real sockets; `mutants.proof.ts` runs them. */
import type { Mutant } from "../mutant.ts";
import type { Rule } from "./checker.ts";
import type { Case, Situation } from "./history.ts";
import type { RestrictionName } from "./restrictions.ts";

/** A mutant without the rule that it is named for. */
interface RevocationMutant extends Mutant {
  /** Concurrent. */
  readonly cases: readonly Case[];
  /** Rules that the checker must report. */
  readonly broken: readonly Rule[];
  readonly settings?: Readonly<Record<string, number>>;
}

const FORWARD = "src/gateway/forward-to-origin.ts";
const IN_FLIGHT = "src/gateway/in-flight-request.ts";
const LEASE = "src/leases/lease.ts";

/** Of any kind, and one that needs the terms of a lease. */
const RESTRICTIONS = ["suspend", "remove permissions", "narrow the key's addresses"] as const;
const TERMS = "remove permissions";

export const REVOCATION_MUTANTS: readonly RevocationMutant[] = [
  {
    promise: "revoke",
    name: "revoke waits for outstanding leases",
    in: "src/ledger/ledger-context.ts",
    find: "await $WAITED;",
    given: "const $WAITED = $WAIT_MS > 0 ? $WAIT : null",
    replace: "",
    cases: casesOf("revoke", ["busy", "streaming chunked"]),
    broken: ["G1", "G3"],
    // Long enough for the leases to be out when the answer arrives, whatever the load on the machine.
    settings: { LEASE_MS: 3000 },
  },
  {
    promise: "G2",
    name: "a request in flight is watched",
    in: IN_FLIGHT,
    find: "class $C { $CHECK(): void { if (this.$COMPLETED) return; $$$REST } }",
    kind: "method_definition",
    replace: "$CHECK(): void {}",
    cases: casesOf("revoke", [
      "streaming chunked",
      "streaming with a length",
      "waiting on the origin",
      "uploading",
    ]),
    broken: ["G2", "G3", "origin"],
  },
  {
    promise: "G2",
    name: "the lease is valid when the headers are sent",
    in: FORWARD,
    find: "await $KEY.$LEASE.$ENSURE_VALID($CONTEXT, !$GATHERED.$IS_WHOLE)",
    replace: "null",
    cases: casesOf("revoke", ["gateway partitioned"]),
    broken: ["G2"],
  },
  {
    promise: "G3",
    name: "a body goes through a pipe that can be aborted",
    in: FORWARD,
    find: "$PUMP($START, $BODY, $WRITABLE, $IN_FLIGHT.signal)",
    replace: "$PUMP($START, $BODY, $WRITABLE, new AbortController().signal)",
    cases: casesOf("revoke", ["streaming chunked", "streaming with a length"]),
    broken: ["G3"],
  },
  {
    promise: "whole answers",
    name: "a small body is gathered before its headers leave",
    in: FORWARD,
    find: "return await $GATHER_BODY($BODY, $LENGTH);",
    given: "return { $IS_WHOLE: false, $START: null };",
    replace: "return { $IS_WHOLE: false, $START: null };",
    // About every third revocation breaks a response.
    cases: casesOf("revoke", Array<Situation>(24).fill("busy")),
    broken: ["partial"],
  },
  {
    promise: "suspend",
    name: "a restriction is answered when no lease on older terms is in use",
    in: "src/ledger/ledger-context.ts",
    find: "await $TAKE_EFFECT($CONTEXT, $WAIT_MS);",
    replace: "await $TAKE_EFFECT($CONTEXT, 0);",
    cases: RESTRICTIONS.flatMap((restriction) => casesOf(restriction, ["busy", "streaming chunked"])),
    broken: ["G1", "G3"],
    settings: { LEASE_MS: 3000 },
  },
  {
    promise: "remove permissions",
    name: "a renewed lease has the terms of its grant",
    in: LEASE,
    find: "this.$TERMS = this.$TERMS && $IS_SAME_TERMS(this.$TERMS, $NEW) ? this.$TERMS : $NEW;",
    replace: "this.$TERMS ??= $NEW;",
    cases: casesOf(TERMS, ["busy", "waiting on the origin", "streaming chunked"]),
    broken: ["G1", "G2", "G3"],
  },
  {
    promise: "undone",
    name: "a suspension is remembered for the time of a lease only",
    in: "src/leases/known-refusal.ts",
    find: "$CALLED_AT + ttl_ms",
    replace: "Number.POSITIVE_INFINITY",
    cases: casesOf("suspend", ["busy"]),
    broken: ["undone"],
  },
  {
    promise: "remove permissions",
    name: "a request is judged by the terms of its lease before it is forwarded",
    in: "src/gateway/gateway.ts",
    find: "const $JUDGE = ($TERMS: $TYPE) => $VERDICT;",
    given: "const $EARLY = $JUDGE($LEASE.$OWN_TERMS)",
    replace:
      "const firstTerms = $LEASE.$OWN_TERMS; const $JUDGE = (newTerms: unknown, $TERMS = firstTerms) => $VERDICT;",
    cases: casesOf(TERMS, ["waiting on the origin"]),
    broken: ["G2"],
  },
  {
    promise: "remove permissions",
    name: "a request in flight is judged again when its terms change",
    in: IN_FLIGHT,
    find: "if ($TERMS === this.$JUDGED_TERMS) return null;",
    replace: "if (this.$JUDGED_TERMS !== null || $TERMS === null) return null;",
    cases: casesOf(TERMS, ["waiting on the origin", "uploading", "streaming chunked"]),
    broken: ["G2", "G3", "origin"],
  },
  {
    promise: "G2",
    name: "a request is judged before its answer leaves",
    in: FORWARD,
    find: "$IN_FLIGHT.$JUDGE() ?? $REFUSAL",
    inside: "const $ENDED = $IN_FLIGHT.$JUDGE() ?? $REFUSAL;",
    replace: "$REFUSAL",
    cases: casesOf(TERMS, ["gateway partitioned", "gateway partitioned", "gateway partitioned"]),
    broken: ["G2"],
  },
  {
    promise: "narrow the key's addresses",
    name: "addresses are judged with the permissions",
    in: "src/gateway/gateway.ts",
    find: "$REFUSE_ADDRESS($TERMS, $ADDRESS) ?? $VERDICT",
    replace: "$VERDICT",
    cases: casesOf("narrow the key's addresses", ["waiting on the origin", "streaming chunked"]),
    broken: ["G2", "G3"],
  },
  {
    promise: "revoke-all",
    name: "the answer to revoke-all waits for the leases on all keys",
    in: "src/ledger/bulk-revocation.ts",
    find: "await $TAKE_EFFECT(this.$CONTEXT, $WAIT_MS);",
    replace: "await $TAKE_EFFECT(this.$CONTEXT, 0);",
    cases: casesOf("revoke-all", ["busy", "streaming chunked"]),
    broken: ["G1", "G3"],
    settings: { LEASE_MS: 3000 },
  },
  {
    promise: "suspend the account",
    name: "an account's restriction waits for the leases on all keys",
    in: "src/ledger/account-changes.ts",
    find: "$RESTRICT(this.$CONTEXT, $WAIT_MS, () => { $$$CHANGE })",
    replace: "$RESTRICT(this.$CONTEXT, 0, () => { $$$CHANGE })",
    cases: casesOf("suspend the account", ["busy", "streaming chunked"]),
    broken: ["G1", "G3"],
    settings: { LEASE_MS: 3000 },
  },
];

function casesOf(restriction: RestrictionName, situations: readonly Situation[]): Case[] {
  return situations.map((situation) => ({ restriction, situation }));
}
