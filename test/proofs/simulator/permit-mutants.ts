/** Mutants of the isolate's rules of rate limits. */
import type { SimulatorMutant } from "./run-mutant.ts";

const PERMITS = "src/leases/permits.ts";
const BUCKET = "src/leases/bucket-permits.ts";
const WINDOW = "src/leases/permit-window.ts";

export const PERMIT_MUTANTS: readonly SimulatorMutant[] = [
  {
    promise: "not below the limit",
    name: "unneeded permits are not returned",
    in: WINDOW,
    find: "$WINDOW.$GRANTED = $WINDOW.$USED + $NEEDED;",
    replace: "$WINDOW.$GRANTED = Math.max($WINDOW.$GRANTED, $WINDOW.$USED + $NEEDED);",
    firstSeed: 270,
  },
  {
    promise: "not above the limit",
    name: "permits are used after they were returned",
    in: BUCKET,
    find: "$RETURN_UNNEEDED($WINDOW, $WAITING + $NEED.$AHEAD);",
    given: "const { $ENDS_AT, $REVISION, $GRANTED, $USED } = $WINDOW",
    replace: `const returned = $WINDOW.$GRANTED;
    $RETURN_UNNEEDED($WINDOW, $WAITING + $NEED.$AHEAD);
    queueMicrotask(() => void ($WINDOW.$GRANTED = returned));`,
  },
  {
    promise: "not below the limit",
    name: "no permit is returned",
    in: "src/leases/permit-return.ts",
    find: "if ($IS_WATCHED || $MS_UNTIL_RETURN === null) return;",
    given: "this.$WATCHED_UNTIL = Number.NEGATIVE_INFINITY;",
    replace: "if ($IS_WATCHED || this.$WATCHED_UNTIL < 0) return;",
    firstSeed: 270,
  },
  {
    promise: "not below the limit",
    name: "permits are granted ahead for a key that is seldom used",
    in: PERMITS,
    find: "$DEMAND.$EXPECTED(this.$LEASE_MS / 2 + $ROUND_TRIP_MS, $NOW, $IDLE_TIMEOUT_MS)",
    replace: "Math.max(1, $DEMAND.$EXPECTED(this.$LEASE_MS / 2 + $ROUND_TRIP_MS, $NOW, $IDLE_TIMEOUT_MS))",
  },
  {
    promise: "not above the limit",
    name: "clocks are assumed not to drift",
    in: BUCKET,
    find: "const $DRIFT_SHARE = 1 / 50;",
    replace: "const $DRIFT_SHARE = 0;",
  },
  {
    promise: "not above the limit",
    name: "a request at a window's edge counts in one window only",
    in: PERMITS,
    find: "$AT_EDGE && $PERMITS.$NEXT ? [$PERMITS.$CURRENT, $PERMITS.$NEXT] : [$PERMITS.$CURRENT]",
    replace: "[$PERMITS.$CURRENT]",
  },
  {
    promise: "not above the limit",
    name: "an overtaken answer removes the limit",
    in: PERMITS,
    find: "$EPOCH === $LAST.$EPOCH ? $CALLED_AT < $LAST.$CALLED_AT : $EPOCH < $LAST.$EPOCH",
    replace: "false",
    firstSeed: 13_900,
  },
  {
    promise: "not above the limit",
    name: "an overtaken answer is applied",
    in: WINDOW,
    find: "if ($GRANT.$REVISION < $WINDOW.$REVISION) return;",
    replace: "",
  },
  {
    promise: "lower limit",
    name: "a lowered limit withdraws permits already used",
    in: WINDOW,
    find: "const $GRANTED = Math.max($WINDOW.$USED, $USABLE);",
    replace: "const $GRANTED = $USABLE;",
    firstSeed: 12_600,
  },
  {
    promise: "not above the limit",
    name: "an old answer restores returned permits",
    in: WINDOW,
    find: "$GRANT.$REVISION > $WINDOW.$REVISION ? $GRANT.$GRANTED : Math.min($WINDOW.$GRANTED, $GRANT.$GRANTED)",
    replace: "$GRANT.$GRANTED",
    firstSeed: 650,
  },
  {
    promise: "not above the limit",
    name: "used permits are forgotten while there is no limit",
    in: PERMITS,
    find: "this.$UNLIMITED = $GRANTS === null;",
    given: "const $STATE = this.$BUCKETS.get($BUCKET)",
    replace: "this.$UNLIMITED = $GRANTS === null;\n if ($GRANTS === null) this.$BUCKETS.clear();",
    firstSeed: 480,
  },
  {
    promise: "few calls",
    name: "every request that runs low renews ahead",
    in: BUCKET,
    find: "$PERMITS.$LOW_AT = Number.NEGATIVE_INFINITY;",
    replace: "",
  },
  {
    promise: "advertised limit",
    name: "the advertised remainder grows",
    in: BUCKET,
    find: "Math.min($CURRENT.$ADVERTISED_REMAINING, $LIMIT, $LEFT)",
    replace: "Math.min($LIMIT, $LEFT)",
  },
  {
    promise: "few calls",
    name: "an exhausted key is renewed as often as any",
    in: "src/leases/lease.ts",
    find: "return this.$PERMITS.$IS_EXHAUSTED && $NOT_YET;",
    replace: "return false && $NOT_YET;",
    firstSeed: 220,
  },
];
