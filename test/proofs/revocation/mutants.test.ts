/**
 * Breaks one rule of revocation at a time, in a Worker built for it, and sees the checker go red in real
 * workerd. A rule whose mutant goes unnoticed is not tested.
 *
 * The simulator (test/proofs/simulator) notices many more; these are those that only real sockets can show.
 */
import { expect, test } from "vitest";
import type { Edit } from "../simulator/mutant.ts";
import { runCampaign } from "./campaign.ts";
import { type Rule, violationsIn } from "./checker.ts";
import type { Situation } from "./history.ts";
import { buildMutant } from "./mutant.ts";

const TIME_LIMIT_MS = 120_000;
/** Long enough to be sure: what a mutant does not end goes on for ever. */
const PATIENCE_MS = 3000;

interface Mutant extends Edit {
  readonly rule: string;
  /** One revocation each, all at the same time. */
  readonly situations: readonly Situation[];
  /** What the checker must report. */
  readonly broken: readonly Rule[];
  readonly settings?: Readonly<Record<string, number>>;
}

const FORWARD = "src/gateway/forward-to-origin.ts";

const MUTANTS: readonly Mutant[] = [
  {
    rule: "revoke waits for the leases that are out",
    file: "src/ledger/lease-issuer.ts",
    find: "await scheduler.wait(",
    replace: "void scheduler.wait(",
    situations: ["busy", "streaming chunked"],
    broken: ["G1", "G3"],
    // Whatever the machine does meanwhile, the leases are still out when the answer comes.
    settings: { LEASE_MS: 3000 },
  },
  {
    rule: "a request in flight is watched",
    file: "src/gateway/in-flight-request.ts",
    find: "#check(): void {",
    replace: "#check(): void {\n    if (this.#time) return;",
    situations: ["streaming chunked", "streaming with a length", "waiting on the origin", "uploading"],
    broken: ["G2", "G3", "origin"],
  },
  {
    rule: "the lease is secured again before the answer",
    file: FORWARD,
    find: "await ensureValid(",
    replace: "null && await ensureValid(",
    situations: ["gateway cut off"],
    broken: ["G2"],
  },
  {
    rule: "a body goes through a pipe that can be cut",
    file: FORWARD,
    find: ": pipeBody(",
    replace: ": response.body ?? pipeBody(",
    situations: ["streaming chunked", "streaming with a length"],
    broken: ["G3"],
  },
];

test.for(MUTANTS)(
  "notices when it is no longer so that $rule",
  { timeout: TIME_LIMIT_MS },
  async (mutant) => {
    const { situations, broken, settings = {} } = mutant;
    const { bundle, remove } = await buildMutant(mutant);
    try {
      const history = await runCampaign({
        bundle,
        revocations: situations.length,
        parallel: situations.length,
        situations,
        settings,
        patienceMs: PATIENCE_MS,
      });

      const found = new Set(violationsIn(history, []).map(({ rule }) => rule));
      expect([...found]).toEqual(expect.arrayContaining([...broken]));
    } finally {
      await remove();
    }
  },
);
