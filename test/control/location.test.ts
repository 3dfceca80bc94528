// Where an account's ledger is created: a hint with the first call to it, chosen before the account's first key.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LedgerClient } from "../../src/control/ledger-client.ts";
import type { ControlContext } from "../../src/control/operation.ts";
import { changeAccount, getAccount } from "../../src/control/operations/accounts.ts";
import type { Env } from "../../src/env.ts";
import { accountLocator } from "../../src/keys/locator.ts";
import type { Settings } from "../../src/settings.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
});

const put = (body: object) => account.call("PUT", "", body);

describe("the location of an account", () => {
  test("is chosen before its first key, shown, and in the event log", async () => {
    const { status, json } = await put({ location: "weur" });
    expect([status, json.location]).toEqual([200, "weur"]);
    expect((await account.call("GET", "")).json.location).toBe("weur");
    expect((await account.events())[0]).toMatchObject({
      action: "location_chosen",
      details: { location: "weur" },
    });
    const { secret } = await account.create();
    expect(await account.statusOf(secret)).toBe(200);
  });

  test("can be chosen again until there is a key; the same again is no event", async () => {
    for (const location of ["weur", "weur", "apac"]) expect((await put({ location })).status).toBe(200);
    expect(await account.events()).toHaveLength(2);
    expect((await account.call("GET", "")).json.location).toBe("apac");
  });

  test("is 409 once the account has had a key, also a revoked one, and changes nothing", async () => {
    const { id } = await account.create();
    for (const revoke of [false, true]) {
      if (revoke) await account.revoke(id);
      const { status, json } = await put({ location: "enam", tier: "pro" });
      expect([status, json.code]).toEqual([409, "conflict"]);
    }
    expect((await account.call("GET", "")).json).toMatchObject({ location: null, tier: "unlimited" });
  });

  test("that was chosen before may be repeated afterwards", async () => {
    await put({ location: "oc" });
    await account.create();
    expect((await put({ location: "oc" })).json).toMatchObject({ location: "oc" });
  });

  test.each(["WEUR", "eu", "", " weur", null, 1, ["weur"], {}])("%j is none: 422", async (location) => {
    const { status, json } = await put({ location });
    expect([status, json.code, Object.keys(json.details)]).toEqual([422, "validation_error", ["location"]]);
  });
});

describe("the first call to a ledger has the hint", () => {
  const run = async (
    operation: typeof changeAccount | typeof getAccount,
    body: object,
    ledgerLocation: string | null,
  ) => {
    const calls: [name: string, options: Record<string, unknown>][] = [];
    const namespace = {
      getByName(name: string, options: Record<string, unknown>) {
        calls.push([name, options]);
        return { callFor: async () => ({}) };
      },
    } as unknown as Env["KEY_LEDGER"];
    const settings = {
      ledgerLocation,
      ledgerTimeoutMs: 1000,
      leaseMaxMs: 1000,
      leaseMarginMs: 200,
    } as unknown as Settings;
    const context = { ledgers: new LedgerClient(namespace, settings) } as unknown as ControlContext;
    const caller = { actor: "a test", credential: "a test", idempotencyKey: null };
    const request = {
      account: "acme",
      id: "",
      query: {},
      body,
      caller,
      address: "",
      origin: "",
      requestId: "",
    };
    await operation.run(context, request as never);
    return calls;
  };

  test.each([
    ["the account's own", { location: "weur" }, "enam", "weur"],
    ["else LEDGER_LOCATION", { tier: "pro" }, "enam", "enam"],
    ["else none", { tier: "pro" }, null, undefined],
  ])("%s", async (_, body, ledgerLocation, hint) => {
    const [[name, options] = ["", {}]] = await run(changeAccount, body, ledgerLocation);
    expect(name).toBe(await accountLocator("acme"));
    expect(options.locationHint).toBe(hint);
  });

  test("in every other operation it is LEDGER_LOCATION", async () => {
    const [[, options] = ["", {}]] = await run(getAccount, {}, "sam");
    expect(options.locationHint).toBe("sam");
  });
});
