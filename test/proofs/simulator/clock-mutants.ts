/** Mutants of what is read from clocks that pending timers hold back, and of the call that requests share. */
import { type Mutant, mutant } from "./mutant.ts";

const CLOCK = "src/leases/lease-clock.ts";
const TIMERS = "src/gateway/request-timers.ts";
const LEASE = "src/leases/lease.ts";
const SHARED = "src/leases/shared-call.ts";

export const CLOCK_MUTANTS: readonly Mutant[] = [
  mutant(
    "any reading may find that the clock has stepped back",
    CLOCK,
    "    this.#latest = Math.max(this.#latest, this.#read());\n",
    `    const now = this.#read();
    if (now < this.#latest - CLOCK_TOLERANCE_MS) {
      this.#epoch += 1;
      this.#latest = now;
    }
    this.#latest = Math.max(this.#latest, now);\n`,
  ),
  mutant(
    "timers are pending while the clock is checked",
    TIMERS,
    "for (const timer of this.#pending) timer.cancel();",
    "",
  ),
  {
    name: "the clock is not checked before an answer",
    edits: [
      {
        file: LEASE,
        find: "    user.checkClock();\n    const refusal = this.refusal;",
        replace: "    const refusal = this.refusal;",
      },
      {
        file: LEASE,
        find: "    user.checkClock();\n    if (this.refusal || !bodyFollows",
        replace: "    if (this.refusal || !bodyFollows",
      },
    ],
  },
  {
    ...mutant(
      "those who wait for another's call have no time limit of their own",
      SHARED,
      "const cancelTimer = schedule(limitMs, () => wake(null));",
      "const cancelTimer = () => {};",
    ),
    firstSeed: 15_000,
  },
  mutant("a shared call ends with the request that makes it", SHARED, "    user.waitUntil(ended);\n", ""),
  mutant("the end of a call wakes nobody", SHARED, "        wake(outcome);\n", ""),
];
