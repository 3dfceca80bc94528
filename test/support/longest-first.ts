/**
 * The order of test files: those inside workerd, those that take longest, the others. A long file that starts last would
 * run alone at the end. Without the times of an earlier run, as in .ci/run, vitest sorts by size, which says little here.
 */

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Each takes more than about ten seconds on two cores: the proofs in their whole size, then the tests. */
const LONGEST = [
  "proofs/revocation/revocation.proof.ts",
  "proofs/attacks/defences.proof.ts",
  "proofs/simulator/simulator.proof.ts",
  "proofs/simulator/mutants.proof.ts",
  "proofs/revocation/mutants.proof.ts",
  "proofs/tested-mutants.proof.ts",
  "proofs/soak/soak.proof.ts",
  "proofs/uploads/hanging-renewals.proof.ts",
  "journeys/ledger-faults.test.ts",
  "proofs/revocation/cost.test.ts",
  "journeys/revocation-interrupted.test.ts",
  "cli/keys-import.test.ts",
  "cli/keys.test.ts",
  "journeys/cold-keys.test.ts",
  "journeys/gathered-bodies.test.ts",
  "journeys/shared-calls.test.ts",
  "journeys/key-events.test.ts",
  "portal/flows.test.ts",
  "journeys/revocation-bodies.test.ts",
  "control/scheduled-end.test.ts",
  "portal/submitted-twice.test.ts",
  "journeys/rate-limits.test.ts",
  "ledger/usage-over-sleep.test.ts",
  "journeys/terms.test.ts",
  "control/terms.test.ts",
  "proofs/attacks/attacks.test.ts",
  "portal/session-end.test.ts",
  "portal/create.test.ts",
  "deploy.test.ts",
  "journeys/refused-keys.test.ts",
  "proofs/revocation/small-bodies.proof.ts",
  "journeys/revocation.test.ts",
  "proofs/rotation/rotation-under-load.proof.ts",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Stable: the others keep vitest's order.
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

/** A worker keeps its modules only while the next file is of the same project, so projects do not mix. */
function rank({ project, moduleId }: TestSpecification): number {
  if (project.name === "workerd") return -1;
  const place = LONGEST.findIndex((file) => moduleId.endsWith(`/test/${file}`));
  return place === -1 ? LONGEST.length : place;
}
