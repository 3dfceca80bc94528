/**
 * Breaks one rule of revocation and other restrictions at a time, in a Worker built for it, and shows that the checker detects it in real
 * workerd. A rule whose mutant survives is not tested.
 *
 * The simulator (test/proofs/simulator) detects many more; these are the ones that need real sockets.
 */
import { expect, test } from "vitest";
import { buildMutant } from "../../support/changed-worker.ts";
import type { Edit } from "../../support/edit.ts";
import { shareOf } from "../share.ts";
import { runCampaign } from "./campaign.ts";
import { type Rule, violationsIn } from "./checker.ts";
import type { Case, Situation } from "./history.ts";
import type { RestrictionName } from "./restrictions.ts";

const TIME_LIMIT_MS = 120_000;
/** Long enough to be certain: a request that a mutant does not end stays open indefinitely. */
const GRACE_MS = 3000;

interface Mutant extends Edit {
  readonly rule: string;
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

const MUTANTS: readonly Mutant[] = [
  {
    rule: "revoke waits for outstanding leases",
    file: "src/ledger/ledger-context.ts",
    find: "  await waited;\n",
    replace: "",
    cases: casesOf("revoke", ["busy", "streaming chunked"]),
    broken: ["G1", "G3"],
    // Long enough for the leases to be out when the answer arrives, whatever the load on the machine.
    settings: { LEASE_MS: 3000 },
  },
  {
    rule: "a request in flight is watched",
    file: IN_FLIGHT,
    find: "#check(): void {",
    replace: "#check(): void {\n    if (this.#context) return;",
    cases: casesOf("revoke", [
      "streaming chunked",
      "streaming with a length",
      "waiting on the origin",
      "uploading",
    ]),
    broken: ["G2", "G3", "origin"],
  },
  {
    rule: "the lease is valid when the headers are sent",
    file: FORWARD,
    find: "await key.lease.ensureValidForResponse(",
    replace: "null && await key.lease.ensureValidForResponse(",
    cases: casesOf("revoke", ["gateway partitioned"]),
    broken: ["G2"],
  },
  {
    rule: "a body goes through a pipe that can be aborted",
    file: FORWARD,
    find: "writable, inFlight.signal)",
    replace: "writable, new AbortController().signal)",
    cases: casesOf("revoke", ["streaming chunked", "streaming with a length"]),
    broken: ["G3"],
  },
  {
    rule: "a small body is gathered before its headers leave",
    file: FORWARD,
    find: "return await gatherBody(body, length);",
    replace: "return { isWhole: false, start: { pieces: [], reader: body.getReader(), pending: null } };",
    // About every third revocation breaks a response.
    cases: casesOf("revoke", Array<Situation>(24).fill("busy")),
    broken: ["partial"],
  },
  {
    rule: "a restriction is answered when no lease on older terms is in use",
    file: "src/ledger/ledger-context.ts",
    find: "  await takeEffect(context, waitMs);",
    replace: "  await takeEffect(context, waitMs && 0);",
    cases: RESTRICTIONS.flatMap((restriction) => casesOf(restriction, ["busy", "streaming chunked"])),
    broken: ["G1", "G3"],
    settings: { LEASE_MS: 3000 },
  },
  {
    rule: "a renewed lease has the terms of its grant",
    file: LEASE,
    find: "this.#terms = this.#terms && isSameTerms(this.#terms, terms) ? this.#terms : terms;",
    replace: "this.#terms ??= terms;",
    cases: casesOf(TERMS, ["busy", "waiting on the origin", "streaming chunked"]),
    broken: ["G1", "G2", "G3"],
  },
  {
    rule: "a suspension is remembered for the time of a lease only",
    file: "src/leases/known-refusal.ts",
    find: "until: calledAt + ttl_ms }",
    replace: "until: Number.POSITIVE_INFINITY }",
    cases: casesOf("suspend", ["busy"]),
    broken: ["undone"],
  },
  {
    rule: "a request is judged by the terms of its lease before it is forwarded",
    file: "src/gateway/gateway.ts",
    find: "const judge = (terms: Terms) =>",
    replace: "const first = lease.terms;\n    const judge = (_: Terms, terms = first) =>",
    cases: casesOf(TERMS, ["waiting on the origin"]),
    broken: ["G2"],
  },
  {
    rule: "a request in flight is judged again when its terms change",
    file: IN_FLIGHT,
    find: "if (terms === this.#judgedTerms) return null;",
    replace: "if (this.#judgedTerms !== null || terms === null) return null;",
    cases: casesOf(TERMS, ["waiting on the origin", "uploading", "streaming chunked"]),
    broken: ["G2", "G3", "origin"],
  },
  {
    rule: "a request is judged before its answer leaves",
    file: FORWARD,
    find: "const ended = inFlight.judge() ?? refusal;",
    replace: "const ended = refusal;",
    cases: casesOf(TERMS, ["gateway partitioned", "gateway partitioned", "gateway partitioned"]),
    broken: ["G2"],
  },
  {
    rule: "addresses are judged with the permissions",
    file: "src/gateway/gateway.ts",
    find: "      refuseAddress(terms, address) ??\n",
    replace: "",
    cases: casesOf("narrow the key's addresses", ["waiting on the origin", "streaming chunked"]),
    broken: ["G2", "G3"],
  },
  {
    rule: "an account's restriction waits for the leases on all keys",
    file: "src/ledger/account-changes.ts",
    find: "const waitMs = this.#leases.waitMsForAll(now);\n    return await restrict(this.#context, waitMs, () => {",
    replace: "const waitMs = 0;\n    return await restrict(this.#context, waitMs, () => {",
    cases: casesOf("suspend the account", ["busy", "streaming chunked"]),
    broken: ["G1", "G3"],
    settings: { LEASE_MS: 3000 },
  },
];

function casesOf(restriction: RestrictionName, situations: readonly Situation[]): Case[] {
  return situations.map((situation) => ({ restriction, situation }));
}

test.for(shareOf(MUTANTS, MUTANTS.length))(
  "detects a violation of: $rule",
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
