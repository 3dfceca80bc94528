/** Mutants of what is read from clocks that pending timers hold back, and of the call that requests share. */
import type { SimulatorMutant } from "./run-mutant.ts";

const LEASE = "src/leases/lease.ts";
const SHARED_CALL = "src/leases/shared-call.ts";

export const CLOCK_MUTANTS: readonly SimulatorMutant[] = [
  {
    promise: "availability",
    name: "any reading may find that the clock has stepped back",
    in: "src/leases/lease-clock.ts",
    find: "this.$LATEST = Math.max(this.$LATEST, this.$READ());",
    given: "if ($NOW < this.$LATEST - $TOLERANCE_MS) { this.$EPOCH += 1; $$$ }",
    replace: `const clockReading = this.$READ();
    if (clockReading < this.$LATEST - $TOLERANCE_MS) {
      this.$EPOCH += 1;
      this.$LATEST = clockReading;
    }
    this.$LATEST = Math.max(this.$LATEST, clockReading);`,
  },
  {
    promise: "G1",
    name: "timers are pending while the clock is checked",
    in: "src/gateway/request-timers.ts",
    find: "for (const $TIMER of this.$PENDING) $TIMER.$CANCEL();",
    replace: "",
  },
  {
    promise: "G2",
    name: "the clock is not checked before an answer",
    in: LEASE,
    find: `{
      $USER.$CHECK_CLOCK();
      const $REFUSAL = this.$REFUSAL;
      $$$REST
    }`,
    replace: `{
      const $REFUSAL = this.$REFUSAL;
      $$$REST
    }`,
    also: [
      {
        in: LEASE,
        find: `{
          $USER.$CHECK_CLOCK();
          if (this.$REFUSAL || !$BODY_FOLLOWS || $AND) return $VALID;
          $$$REST
        }`,
        replace: `{
          if (this.$REFUSAL || !$BODY_FOLLOWS || $AND) return $VALID;
          $$$REST
        }`,
      },
    ],
  },
  {
    promise: "availability",
    name: "those who wait for another's call have no time limit of their own",
    in: SHARED_CALL,
    find: "$SCHEDULE($LIMIT_MS, () => $WAKE(null))",
    replace: "() => {}",
    firstSeed: 15_000,
  },
  {
    promise: "availability",
    name: "a shared call ends with the request that makes it",
    in: SHARED_CALL,
    find: "$USER.$WAIT_UNTIL($ENDED);",
    given: "const $ENDED = new Promise<$OUTCOME>($RESOLVE)",
    replace: "",
  },
  {
    promise: "availability",
    name: "the end of a call wakes nobody",
    in: SHARED_CALL,
    find: "$WAKE($OUTCOME);",
    inside: "for (const [$WAKE, $WAIT] of $WAITING) { $$$ }",
    replace: "",
  },
];
