/** Invented results, for tests of what is derived from results. */
import type { Results, Round } from "./figures.ts";
import { OUTSIDE, OUTSIDE_QUIET, WARM_GET } from "./scenarios.ts";

/** A round with the given figures, and defaults for the rest. */
export function aRound(figures: Partial<Round> = {}): Round {
  return { perSecond: 1000, cpuUs: 100, p50Ms: 1, p99Ms: 2, failures: 0, ...figures };
}

export interface Wanted {
  readonly failures?: Results["failures"];
  readonly measuredOn?: Results["measuredOn"];
  readonly failedAnswers?: number;
  /** CPU of the gateway's check, with each nginx and bare at 100. */
  readonly gatewayCpuUs?: number;
}

export function aResult({
  failures = {},
  measuredOn = {},
  failedAnswers = 0,
  gatewayCpuUs = 110,
}: Wanted): Results {
  const gateway = [aRound({ cpuUs: gatewayCpuUs, failures: failedAnswers })];
  const outside = {
    bare: [aRound()],
    gateway,
    nginx: [aRound()],
    "nginx, auth_request": [aRound({ cpuUs: 120, p50Ms: 1.5 })],
  };
  return {
    machine: "a machine",
    workerd: "1.2.3",
    originPerSecond: 50_000,
    measuredOn: { [WARM_GET]: "2026-11-24", ...measuredOn },
    scenarios: {
      [WARM_GET]: { bare: [aRound()], gateway, usual: [aRound({ perSecond: 250 })] },
      [OUTSIDE]: outside,
      [OUTSIDE_QUIET]: outside,
    },
    growth: {},
    failures,
  };
}
