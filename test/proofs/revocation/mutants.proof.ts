/**
 * Breaks one rule of revocation at a time, in a Worker built for it, and shows that the checker detects it in real
 * workerd. A rule whose mutant survives is not tested.
 *
 * The simulator (test/proofs/simulator) detects many more; these are the ones that need real sockets.
 */
import { expect, test } from "vitest";
import { buildMutant } from "../build-mutant.ts";
import type { Edit } from "../edit.ts";
import { shareOf } from "../share.ts";
import { runCampaign } from "./campaign.ts";
import { type Rule, violationsIn } from "./checker.ts";
import type { Situation } from "./history.ts";

const TIME_LIMIT_MS = 120_000;
/** Long enough to be certain: a request that a mutant does not end stays open indefinitely. */
const GRACE_MS = 3000;

interface Mutant extends Edit {
  readonly rule: string;
  /** One revocation each, concurrently. */
  readonly situations: readonly Situation[];
  /** Rules that the checker must report. */
  readonly broken: readonly Rule[];
  readonly settings?: Readonly<Record<string, number>>;
}

const FORWARD = "src/gateway/forward-to-origin.ts";

const MUTANTS: readonly Mutant[] = [
  {
    rule: "revoke waits for outstanding leases",
    file: "src/ledger/ledger-context.ts",
    find: "  await waited;\n",
    replace: "",
    situations: ["busy", "streaming chunked"],
    broken: ["G1", "G3"],
    // Long enough for the leases to be out when the answer arrives, whatever the load on the machine.
    settings: { LEASE_MS: 3000 },
  },
  {
    rule: "a request in flight is watched",
    file: "src/gateway/in-flight-request.ts",
    find: "#check(): void {",
    replace: "#check(): void {\n    if (this.#context) return;",
    situations: ["streaming chunked", "streaming with a length", "waiting on the origin", "uploading"],
    broken: ["G2", "G3", "origin"],
  },
  {
    rule: "the lease is valid when the headers are sent",
    file: FORWARD,
    find: "await key.lease.ensureValidForResponse(",
    replace: "null && await key.lease.ensureValidForResponse(",
    situations: ["gateway partitioned"],
    broken: ["G2"],
  },
  {
    rule: "a body goes through a pipe that can be aborted",
    file: FORWARD,
    find: "writable, inFlight.signal)",
    replace: "writable, new AbortController().signal)",
    situations: ["streaming chunked", "streaming with a length"],
    broken: ["G3"],
  },
  {
    rule: "a small body is gathered before its headers leave",
    file: FORWARD,
    find: "return await gatherBody(body, length);",
    replace: "return { isWhole: false, start: { pieces: [], reader: body.getReader(), pending: null } };",
    // About every third revocation breaks a response.
    situations: Array<Situation>(24).fill("busy"),
    broken: ["partial"],
  },
];

test.for(shareOf(MUTANTS, MUTANTS.length))(
  "detects a violation of: $rule",
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
        graceMs: GRACE_MS,
      });

      const found = new Set(violationsIn(history, []).map(({ rule }) => rule));
      expect([...found]).toEqual(expect.arrayContaining([...broken]));
    } finally {
      await remove();
    }
  },
);
