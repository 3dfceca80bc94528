// Random sequences of concurrent operations on two accounts, with ledger restarts and injected failures of KV and of
// calls, against a simple model: nothing lost, nothing done twice, no key resurrected, and list, events and data plane
// agree. The seed is printed; KEY_MODEL_SEED repeats a run.

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { Account } from "../../control/account.ts";
import { CONTROL_WITH_IMPORTED } from "../../control/control-clusters.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { Fault } from "../../support/network.ts";
import { sharedCluster } from "../../support/shared.ts";
import { IS_WHOLE } from "../share.ts";
import { KeyModel } from "./key-model.ts";
import { make, mayRead, move, type Owner } from "./key-moves.ts";

const RUNS_MAX = IS_WHOLE ? 50 : 5;
const RUNS_LIMIT_MS = IS_WHOLE ? 60_000 : 10_000;
const TEST_LIMIT_MS = 180_000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
});

type Trouble = "none" | "restart" | Fault;

const failures = fc.record({
  how: fc.constantFrom("fail-before" as const, "fail-after" as const),
  times: fc.integer({ min: 1, max: 3 }),
});
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("none" as const) },
  { weight: 2, arbitrary: fc.constant("restart" as const) },
  { weight: 2, arbitrary: failures.map((fault) => ({ ...fault, on: "kv" as const, operation: "put" })) },
  { weight: 1, arbitrary: failures.map((fault) => ({ ...fault, on: "kv" as const, operation: "get" })) },
  { weight: 2, arbitrary: failures.map((fault) => ({ ...fault, on: "ledger" as const })) },
);

/** Concurrent moves, each by a caller of its own, on one of the two accounts. */
const round = fc.record({
  trouble,
  moves: fc.array(fc.record({ owner: fc.nat({ max: 1 }), move }), { minLength: 1, maxLength: 4 }),
});
type Round = typeof round extends fc.Arbitrary<infer Value> ? Value : never;

async function play({ trouble, moves }: Round, owners: readonly Owner[]): Promise<void> {
  const checks: (() => void)[] = [];
  if (typeof trouble === "object") await cluster.network.fault(trouble);
  const restarts =
    trouble === "restart" ? owners.map(({ account }) => cluster.network.restartLedger(account.name)) : [];
  const revokesAll = (owner: number) =>
    moves.some((other) => other.owner === owner && other.move.kind === "revoke all");
  const made = moves.map(({ owner, move }) =>
    make(move, owners[owner] as Owner, {
      cluster,
      checks,
      faulty: trouble !== "none",
      revokesAll: revokesAll(owner),
    }),
  );
  await Promise.all([...made, ...restarts]);
  await cluster.network.liftAllFaults();
  for (const check of checks) check();
}

/** Compares the control plane's answers and the data plane's behaviour, on every gateway, with the model. */
async function compare({ account, model }: Owner): Promise<void> {
  if (model.keys.length === 0) return;
  model.compare(await account.keys("revoked"), await account.keys(), await account.events());
  for (const key of model.keys) {
    for (const what of ["posts", "webhooks"]) {
      const expected = key.fate === "dead" ? 401 : mayRead(key, what) ? 200 : 403;
      for (const gateway of [0, 1]) {
        const status = await account.statusOf(key.secret, { gateway, target: `/v1/${what}` });
        expect(status, `${key.id}, ${key.fate}, on gateway ${gateway}, ${what}`).toBe(expected);
      }
    }
  }
}

test(
  "list, events and data plane agree with the model under concurrent calls and failures",
  async () => {
    const seed = Number(process.env.KEY_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`KEY_MODEL_SEED=${seed}`);
    let runs = 0;
    const deadline = performance.now() + RUNS_LIMIT_MS;
    const property = fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 10 }), async (rounds) => {
      // As many runs as fit the time; the rest, and the shrinking of a failure, are skipped.
      if (performance.now() > deadline) return;
      const owners = [0, 1].map(() => ({ account: new Account(cluster), model: new KeyModel() }));
      try {
        for (const [i, round] of rounds.entries()) {
          await play(round, owners);
          if (i % 4 === 3) for (const owner of owners) await compare(owner);
        }
        for (const owner of owners) await compare(owner);
        runs += 1;
      } finally {
        await cluster.network.liftAllFaults();
      }
    });
    await fc.assert(property, { seed, numRuns: RUNS_MAX });
    console.log(`${runs} sequences agreed`);
    expect(runs).toBeGreaterThan(0);
  },
  TEST_LIMIT_MS,
);
