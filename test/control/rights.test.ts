// Rights × operations, over HTTP and over RPC: a credential does what its rights say on the accounts that it has, and
// nothing else. Beyond its rights the answer is 403, and another account does not exist for it. The event log has its
// name as the actor.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KeyService } from "../../src/control/key-service.ts";
import { OPERATIONS as DEFINED } from "../../src/control/operations.ts";
import { RIGHTS as GRANTABLE } from "../../src/control-credentials.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { Account } from "./account.ts";
import { CONTROL_CREDENTIALS, nameOf, RIGHTS, sha256, tokenOf } from "./credentials.ts";
import { Dashboard, dashboardWith } from "./dashboard.ts";
import { type Example, exampleOf, OPERATIONS } from "./operations.ts";
import { refusedExampleOf } from "./provocations.ts";

const NEW_KEY = { name: "a key", mode: "live" };
const OWN = "an_account_of_its_own";
const OLD_TOKEN = "the-token-of-the-job-before-its-rotation";
const NEW_TOKEN = "the-token-of-the-job-after-its-rotation";

const MORE_CREDENTIALS = [
  { name: "of-one-account", sha256: sha256(tokenOf([OWN])), may: RIGHTS, accounts: [OWN] },
  { name: "job", sha256: sha256(OLD_TOKEN), may: ["keys:write"] },
  { name: "job", sha256: sha256(NEW_TOKEN), may: ["keys:write"] },
];

const NO_RIGHTS = {
  WITHOUT: null,
  MISSPELLED: { name: "x", may: RIGHTS, acounts: [OWN] },
  UNKNOWN_RIGHT: { name: "x", may: [...RIGHTS, "everything"] },
  NO_NAME: { may: RIGHTS },
  RESERVED_NAME: { name: "key_page", may: RIGHTS },
  NO_ACCOUNTS: { name: "x", may: RIGHTS, accounts: [] },
};

let cluster: GatewayCluster;
beforeAll(async () => {
  const credentials = [...JSON.parse(CONTROL_CREDENTIALS), ...MORE_CREDENTIALS];
  cluster = await startCluster({
    settings: { LEASE_MS: 200, LEASE_MARGIN_MS: 60, CONTROL_CREDENTIALS: JSON.stringify(credentials) },
    extraWorkers: [
      dashboardWith({
        ...Object.fromEntries(RIGHTS.map((right) => [right, { name: nameOf([right]), may: [right] }])),
        OF_ONE_ACCOUNT: { name: "of-one-account", may: RIGHTS, accounts: [OWN] },
        ...NO_RIGHTS,
      }),
    ],
  });
});
afterAll(() => cluster.close());

/** The call as `KeyService` has it. */
function rpcArguments(name: string, { path, body, options }: Example): unknown[] {
  const { pathname, searchParams } = new URL(path, "http://control");
  const [, , account, , id] = pathname.split("/");
  const query = Object.fromEntries(searchParams);
  const sent = body as Record<string, unknown> | undefined;
  if (options?.token === null) return [sent?.secret, "203.0.113.1"];
  if (name === "health") return [];
  if (name === "importKeys") return [account, sent?.keys];
  if (name === "setTier") return [account, sent?.tier];
  if (OPERATIONS[name]?.path.includes("{id}")) return [account, id, ...(sent ? [sent] : [])];
  return [account, ...(sent ? [sent] : Object.keys(query).length > 0 ? [query] : [])];
}

async function overHttp(name: string, example: Example, token: string): Promise<number> {
  const { path, body } = example;
  const method = OPERATIONS[name]?.method.toUpperCase() ?? "";
  const { status, json, response } = await cluster.control(method, path, body, { token });
  if (status !== 403) return status;
  expect(json).toMatchObject({ code: "forbidden", details: { required_right: OPERATIONS[name]?.right } });
  expect(response.header("WWW-Authenticate")).toContain(`scope="${OPERATIONS[name]?.right}"`);
  return status;
}

async function overRpc(name: string, example: Example, binding: string): Promise<number> {
  const dashboard = await Dashboard.of(cluster, binding);
  const { ok, error } = await dashboard.call(name as keyof KeyService, ...rpcArguments(name, example));
  return ok ? 200 : error.status;
}

/** The number of events of the example's account. */
async function eventsOf({ path }: Example): Promise<number> {
  const account = /^\/accounts\/(\w+)/.exec(path)?.[1];
  return account === undefined ? 0 : (await new Account(cluster, account).events()).length;
}

test("every operation needs one right, and every right is of some operation", () => {
  const defined = DEFINED.map(({ name, right }) => [name, right === "possession" ? null : right]);
  expect(Object.fromEntries(defined)).toEqual(
    Object.fromEntries(Object.entries(OPERATIONS).map(([name, { right }]) => [name, right])),
  );
  expect([...GRANTABLE]).toEqual(RIGHTS);
  const used = new Set(Object.values(OPERATIONS).map(({ right }) => right));
  expect(RIGHTS.filter((right) => !used.has(right))).toEqual([]);
});

const WITH_RIGHT = Object.entries(OPERATIONS).filter(([, { right }]) => right !== null);

describe.each(WITH_RIGHT)("%s", (name, { right }) => {
  test("with its right alone", async () => {
    const granted = String(right);
    expect(await overHttp(name, await exampleOf(cluster, name), tokenOf([granted]))).toBeLessThan(300);
    expect(await overRpc(name, await exampleOf(cluster, name), granted)).toBeLessThan(300);
  });

  // A refused call changes nothing, so one example serves them all.
  test("with any other right, or with malformed props of a binding", async () => {
    const example = await refusedExampleOf(cluster, name);
    const before = await eventsOf(example);
    const others = RIGHTS.filter((other) => other !== right);
    const refused: Record<string, number> = {
      "all others": await overHttp(name, example, tokenOf(others)),
    };
    for (const other of others) {
      refused[`${other}, HTTP`] = await overHttp(name, example, tokenOf([other]));
      refused[`${other}, RPC`] = await overRpc(name, example, other);
    }
    for (const binding of Object.keys(NO_RIGHTS)) {
      refused[binding] = await overRpc(name, example, binding);
    }
    expect(Object.entries(refused).filter(([, status]) => status !== 403)).toEqual([]);
    expect(Object.keys(refused)).toHaveLength(1 + 2 * others.length + Object.keys(NO_RIGHTS).length);
    expect(await eventsOf(example)).toBe(before);
  });
});

describe.each(["identifyKey", "revokeByPossession"])("%s needs no right", (name) => {
  test.each(["WITHOUT", "keys:read"])("over the binding %s", async (binding) => {
    expect(await overRpc(name, await exampleOf(cluster, name), binding)).toBe(200);
  });
});

describe("a credential of one account", () => {
  const ofAccount = WITH_RIGHT.filter(([, { path }]) => path.includes("{account}"));

  test.each(ofAccount)("does not find another account: %s", async (name) => {
    const example = await refusedExampleOf(cluster, name);
    const before = await eventsOf(example);
    expect(await overHttp(name, example, tokenOf([OWN]))).toBe(404);
    expect(await overRpc(name, example, "OF_ONE_ACCOUNT")).toBe(404);
    expect(await eventsOf(example)).toBe(before);
  });

  test("gets the same answer for an account that exists and one that does not", async () => {
    const { account } = await new Account(cluster).create();
    const answers = await Promise.all(
      [account, "nobody"].map((one) =>
        cluster.control("GET", `/accounts/${one}/keys`, undefined, { token: tokenOf([OWN]) }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(answers[0]?.json).toEqual(answers[1]?.json);
  });

  test("manages its own, over both ways in", async () => {
    const token = tokenOf([OWN]);
    const created = await cluster.control("POST", `/accounts/${OWN}/keys`, NEW_KEY, { token });
    expect(created.status).toBe(201);
    const dashboard = await Dashboard.of(cluster, "OF_ONE_ACCOUNT");
    expect((await dashboard.done("getKey", OWN, created.json.id)).id).toBe(created.json.id);
    expect((await cluster.control("GET", "/health", undefined, { token })).status).toBe(200);
  });

  test("a spelling of the account that is not its own is not found either", async () => {
    for (const account of [OWN.toUpperCase(), `${OWN}%00`, `${OWN}/../other`, `%61${OWN.slice(1)}x`]) {
      const { status } = await cluster.control("GET", `/accounts/${account}/keys`, undefined, {
        token: tokenOf([OWN]),
      });
      expect(status, account).toBe(404);
    }
  });
});

describe("the actor in the event log", () => {
  test("is the credential's name, whatever the caller says of itself", async () => {
    const account = new Account(cluster);
    const claims = ["control_token", "of-one-account", "key_page"];
    for (const claim of claims) {
      const headers = [["Octopost-Actor", claim]] as const;
      await account.call("POST", "/keys", NEW_KEY, { token: tokenOf(["keys:write"]), headers });
    }
    const events = await account.events();
    expect(events.map(({ actor, claimed_actor }) => [actor, claimed_actor])).toEqual(
      claims.toReversed().map((claim) => ["keys.write", claim]),
    );
  });
});

test("a token is rotated without downtime: two entries of the same name, then one", async () => {
  const account = new Account(cluster);
  for (const token of [OLD_TOKEN, NEW_TOKEN]) {
    expect((await account.call("POST", "/keys", NEW_KEY, { token })).status).toBe(201);
  }
  expect((await account.events()).map(({ actor }) => actor)).toEqual(["job", "job"]);
});

test("the SHA-256 of a token is no token", async () => {
  const { status } = await cluster.control("GET", "/health", undefined, { token: sha256(OLD_TOKEN) });
  expect(status).toBe(401);
});
