// Lost answers: a repeated `npm run keys` command never creates a second key and never hides an unknown outcome.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { type Keys, ownAccount } from "./run-keys.ts";

const CREATE = ["create", "--name", "only one", "--mode", "live", "--json"];

let cluster: GatewayCluster;
let account: string;
let keys: Keys;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(async () => {
  ({ account, keys } = ownAccount(cluster));
  await cluster.network.liftAllFaults();
  await cluster.network.resetCounts();
});

function newKey(name = "a key"): Promise<IssuedKey> {
  return cluster.createKey({ account, name });
}

async function activeIds(): Promise<string[]> {
  const { json } = await cluster.control("GET", `/accounts/${account}/keys`);
  return json.keys.map(({ id }: IssuedKey) => id);
}

function lostAnswers(operation: string, times: number) {
  return cluster.network.fault({ on: "ledger", how: "fail-after", caller: 0, operation, times });
}

test("create retries and creates one key when the ledger's answer is lost", async () => {
  await lostAnswers("createKey", 1);
  const { code, json } = await keys(CREATE);
  expect(code).toBe(0);
  expect(await activeIds()).toEqual([json.id]);
  expect((await cluster.network.counts()).ledgerCalls.createKey).toBe(2);
});

test("create retries and creates one key when the connection breaks", async () => {
  const { url, seen, close } = await breakingProxy();
  try {
    const { code, json } = await keys([...CREATE, "--url", url]);
    expect(code).toBe(0);
    expect(await activeIds()).toEqual([json.id]);
  } finally {
    await close();
  }
  expect(seen).toHaveLength(2);
  expect(seen[0]).toMatch(/^cli-[0-9a-f-]{36}$/);
  expect(seen[1]).toBe(seen[0]);
});

test("after two lost answers, create names the options that return the created key", async () => {
  await lostAnswers("createKey", 2);
  const { code, stderr } = await keys([...CREATE, "--expires", "90d"]);
  expect(code).toBe(1);
  expect(stderr).toContain("503 service_unavailable");
  expect(stderr).toContain("not known whether this was carried out");
  const [, again = ""] = /with (--idempotency-key cli-[0-9a-f-]{36} --expires \S+)\. /.exec(stderr) ?? [];
  const made = await activeIds();
  expect(made).toHaveLength(1);
  const { json } = await keys([...CREATE, "--expires", "90d", ...again.split(" ")]);
  expect(json.id).toBe(made[0]);
  expect(await activeIds()).toEqual(made);
});

test("rotate retries and creates one successor", async () => {
  const old = await newKey();
  await lostAnswers("rotateKey", 1);
  const { code, json } = await keys(["rotate", old.id, "--json"]);
  expect(code).toBe(0);
  expect((await activeIds()).sort()).toEqual([old.id, json.id].sort());
});

test("revoke retries", async () => {
  const { id } = await newKey();
  await cluster.network.fault({
    on: "ledger",
    how: "fail-before",
    caller: 0,
    operation: "revokeKey",
    times: 3,
  });
  expect((await keys(["revoke", id, "--yes"])).code).toBe(0);
  expect(await activeIds()).toEqual([]);
});

test("an operation that is not repeatable is sent once, and its outcome is called unknown", async () => {
  await newKey();
  await lostAnswers("revokeAll", 1);
  const { code, stderr } = await keys(["revoke-all", "--yes"]);
  expect(code).toBe(1);
  expect(stderr).toContain("not known whether this was carried out");
  expect((await cluster.network.counts()).ledgerCalls.revokeAll).toBe(1);
});

test("a tier is set again after a lost answer, with one event", async () => {
  await newKey();
  await lostAnswers("changeAccount", 1);
  expect((await keys(["tier", "pro"])).stdout).toContain("In effect everywhere since ");
  expect((await cluster.network.counts()).ledgerCalls.changeAccount).toBe(2);
  const { events } = (await keys(["events", "--json"])).json;
  expect(events.map(({ action }: { action: string }) => action)).toEqual(["tier_changed", "created"]);
});

test("two create commands create two keys", async () => {
  const first = await keys(CREATE);
  const second = await keys(CREATE);
  expect(second.json.id).not.toBe(first.json.id);
});

/** Forwards requests to the gateway, and breaks the connection of the first one before its answer. */
async function breakingProxy() {
  const seen: (string | undefined)[] = [];
  const { host, port } = cluster.gateway(0);
  const server = http.createServer((request, response) => {
    const isFirst = seen.push(request.headers["idempotency-key"] as string | undefined) === 1;
    const { method, url: path, headers } = request;
    const onward = http.request({ host, port, method, path, headers, agent: false }, (answer) => {
      if (isFirst) answer.resume().once("end", () => request.socket.destroy());
      else answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers));
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close };
}
