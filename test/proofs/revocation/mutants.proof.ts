/**
 * Breaks one rule of revocation and other restrictions at a time, in a Worker built for it, and shows that the checker detects it in real
 * workerd. A rule whose mutant survives is not tested.
 *
 * The simulator (test/proofs/simulator) detects many more; these are the ones that need real sockets.
 */
import { expect, test } from "vitest";
import { buildMutant } from "../../support/changed-worker.ts";
import { shareOf } from "../share.ts";
import { runCampaign } from "./campaign.ts";
import { violationsIn } from "./checker.ts";
import { REVOCATION_MUTANTS as MUTANTS } from "./mutants.ts";

const TIME_LIMIT_MS = 120_000;
/** Long enough to be certain: a request that a mutant does not end stays open indefinitely. */
const GRACE_MS = 3000;
/** A busy machine can keep a case from occurring. */
const ATTEMPTS_MAX = 3;

test.for(shareOf(MUTANTS, MUTANTS.length))(
  "detects a violation of: $name",
  { timeout: TIME_LIMIT_MS },
  async (mutant) => {
    const { cases, broken, settings = {} } = mutant;
    const { bundle, remove } = await buildMutant(mutant);
    const found = new Set<string>();
    const isDetected = () => broken.every((rule) => found.has(rule));
    try {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX && !isDetected(); attempt++) {
        const history = await runCampaign({
          bundle,
          count: cases.length,
          parallel: cases.length,
          cases,
          settings,
          graceMs: GRACE_MS,
        });
        for (const { rule } of violationsIn(history, [])) found.add(rule);
      }
      expect([...found]).toEqual(expect.arrayContaining([...broken]));
    } finally {
      await remove();
    }
  },
);
