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

test.for(shareOf(MUTANTS, MUTANTS.length))(
  "detects a violation of: $name",
  { timeout: TIME_LIMIT_MS },
  async (mutant) => {
    const { cases, broken, settings = {} } = mutant;
    const { bundle, remove } = await buildMutant(mutant);
    try {
      const history = await runCampaign({
        bundle,
        count: cases.length,
        parallel: cases.length,
        cases,
        settings,
        graceMs: GRACE_MS,
      });

      const found = new Set(violationsIn(history, []).map(({ rule }) => rule));
      expect([...found]).toEqual(expect.arrayContaining([...broken]));
    } finally {
      await remove();
    }
  },
);
