// A fault of the program is not an outage: an exception of the ledger's own code is 500 with a stack in the log, over
// HTTP and RPC. A ledger that is unreachable, slow or overloaded is 503.

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL_WITH_IMPORTED } from "./control-clusters.ts";
import { Dashboard } from "./dashboard.ts";
import { exampleOf, make, OPERATIONS } from "./operations.ts";

/** An exception of the object's own code: RPC marks it as remote, and the platform adds nothing. */
const FAULT = { message: "a fault", retryable: false } as const;

let cluster: GatewayCluster;
let dashboard: Dashboard;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
  dashboard = await Dashboard.of(cluster);
});
afterEach(() => cluster.network.liftAllFaults());

/** Operations whose ledger call reports a fault as 500; an import reports it by row. */
const CALLERS = Object.keys(OPERATIONS).filter((name) => name !== "importKeys");

describe("an exception in the ledger", () => {
  test.each(CALLERS)("is a 500 with a stack in the log: %s", async (name) => {
    const example = await exampleOf(cluster, name);
    await cluster.network.fault({ on: "ledger", how: "fail-before", error: FAULT });
    const answer = await make(cluster, name, example);
    expectRefused(answer, 500, "internal_error");
    expect(answer.response.body.toString()).not.toContain(FAULT.message);
    expect(answer.response.header("Retry-After")).toBeUndefined();
    const line = await logLineOf(cluster, answer.response);
    expect(line).toMatchObject({ event: "exception", stack: expect.stringContaining(FAULT.message) });
  });

  test("is the same over RPC", async () => {
    const { account, id } = await new Account(cluster).create();
    await cluster.network.fault({ on: "ledger", how: "fail-before", error: FAULT });
    for (const [method, ...args] of [
      ["getKey", id],
      ["revokeKey", id],
      ["createKey", { name: "a key", mode: "live" }],
      ["createPortalSession"],
    ] as const) {
      const before = cluster.logs.length;
      const { ok, error } = await dashboard.call(method, account, ...args);
      expect([ok, error], method).toEqual([
        false,
        { status: 500, code: "internal_error", error: "Internal error" },
      ]);
      const isLogged = () =>
        cluster.logs.slice(before).some((line) => /"event":"exception".*a fault/.test(line));
      await eventually(`the log line of ${method}`, isLogged);
    }
  });

  test.each<[string, Record<string, unknown>]>([
    ["unreachable", {}],
    ["overloaded", { retryable: false, overloaded: true }],
    ["reset", { retryable: false, durableObjectReset: true }],
  ])("is not a ledger that is %s: 503", async (_, error) => {
    const account = new Account(cluster);
    const { id } = await account.create();
    await cluster.network.fault({ on: "ledger", how: "fail-before", error });
    expectRefused(await account.call("GET", `/keys/${id}`), 503, "service_unavailable");
    expect((await dashboard.call("getKey", account.name, id)).error.status).toBe(503);
  });
});
