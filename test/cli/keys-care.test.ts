// The care that `npm run keys` takes: it asks before what cannot be taken back, and a lost answer never
// makes a second key.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { type Keys, ownAccount } from "./run-keys.ts";

const CREATE = ["create", "--name", "only one", "--mode", "live", "--json"];

let cluster: GatewayCluster;
let account: string;
let keys: Keys;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());
beforeEach(async () => {
  ({ account, keys } = ownAccount(cluster));
  await cluster.network.liftAllFaults();
  await cluster.network.resetCounts();
});

function newKey(name = "a key"): Promise<IssuedKey> {
  return cluster.createKey({ account, name });
}

async function aliveIds(): Promise<string[]> {
  const { json } = await cluster.control("GET", `/accounts/${account}/keys`);
  return json.keys.map(({ id }: IssuedKey) => id);
}

function lostAnswers(operation: string, times: number) {
  return cluster.network.fault({ on: "ledger", how: "fail-after", caller: 0, operation, times });
}

describe("before what cannot be taken back", () => {
  test("without a terminal to ask on, and without --yes, nothing is sent and the exit code is 2", async () => {
    const { id } = await newKey();
    await cluster.network.resetCounts();
    for (const args of [["revoke", id], ["revoke-all"], ["rotate", id, "--overlap", "0"]]) {
      const { code, stdout, stderr } = await keys(args, { input: "yes\n" });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("--yes");
    }
    expect((await cluster.network.counts()).ledgerCalls).toEqual({});
  });

  test("revoke names the key and asks; anything but yes leaves it alone", async () => {
    const { id, hint } = await newKey("Production Server");
    for (const input of ["", "\n", "y\n", "no\n"]) {
      const { code, stderr } = await keys(["revoke", id], { terminal: true, input });
      expect(code, input).toBe(2);
      expect(stderr).toContain(`Revoke ${id} "Production Server" (${hint}, not used yet)?`);
      expect(stderr).toContain("nothing was done");
    }
    expect(await aliveIds()).toEqual([id]);
    const { code, stdout } = await keys(["revoke", id], { terminal: true, input: "yes\n" });
    expect(code).toBe(0);
    expect(stdout).toContain("Dead everywhere since");
    expect(await aliveIds()).toEqual([]);
  });

  test("revoke-all names every key that it would end, and no other", async () => {
    const [one, two] = [await newKey("one"), await newKey("two")];
    const other = await cluster.createKey({ account, name: "other", mode: "test" });
    const args = ["revoke-all", "--mode", "live"];
    const { stderr } = await keys(args, { terminal: true, input: "no\n" });
    expect(stderr).toContain("Revoke 2 keys?");
    expect(stderr).toContain(`${one.id} "one"`);
    expect(stderr).toContain(`${two.id} "two"`);
    expect(stderr).not.toContain(other.id);
    expect(await aliveIds()).toHaveLength(3);
    expect((await keys(args, { terminal: true, input: "yes\n" })).code).toBe(0);
    expect(await aliveIds()).toEqual([other.id]);
  });

  test("rotate asks when the old key would end at once, and only then", async () => {
    const { id } = await newKey("old");
    const atOnce = ["rotate", id, "--overlap", "0"];
    const { code, stderr } = await keys(atOnce, { terminal: true, input: "no\n" });
    expect(code).toBe(2);
    expect(stderr).toContain(`this revokes ${id} "old"`);
    expect(await aliveIds()).toEqual([id]);
    expect((await keys(["rotate", id])).code).toBe(0);
    expect((await keys(atOnce, { terminal: true, input: "yes\n" })).code).toBe(0);
    expect(await aliveIds()).not.toContain(id);
  });
});

describe("a lost answer", () => {
  test("create asks again and makes no second key: the ledger's answer is lost", async () => {
    await lostAnswers("createKey", 1);
    const { code, json } = await keys(CREATE);
    expect(code).toBe(0);
    expect(await aliveIds()).toEqual([json.id]);
    expect((await cluster.network.counts()).ledgerCalls.createKey).toBe(2);
  });

  test("create asks again and makes no second key: the connection breaks", async () => {
    const { url, seen, close } = await breakingProxy();
    try {
      const { code, json } = await keys([...CREATE, "--url", url]);
      expect(code).toBe(0);
      expect(await aliveIds()).toEqual([json.id]);
    } finally {
      await close();
    }
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatch(/^cli-[0-9a-f-]{36}$/);
    expect(seen[1]).toBe(seen[0]);
  });

  test("lost twice, create says how to ask for it; asked so, it is the key that was made", async () => {
    await lostAnswers("createKey", 2);
    const { code, stderr } = await keys([...CREATE, "--expires", "90d"]);
    expect(code).toBe(1);
    expect(stderr).toContain("503 service_unavailable");
    expect(stderr).toContain("not known whether this was carried out");
    const [, again = ""] =
      /with (--idempotency-key cli-[0-9a-f-]{36} --expires \S+) gives/.exec(stderr) ?? [];
    const made = await aliveIds();
    expect(made).toHaveLength(1);
    const { json } = await keys([...CREATE, "--expires", "90d", ...again.split(" ")]);
    expect(json.id).toBe(made[0]);
    expect(await aliveIds()).toEqual(made);
  });

  test("rotate makes one successor", async () => {
    const old = await newKey();
    await lostAnswers("rotateKey", 1);
    const { code, json } = await keys(["rotate", old.id, "--json"]);
    expect(code).toBe(0);
    expect((await aliveIds()).sort()).toEqual([old.id, json.id].sort());
  });

  test("revoke asks again, since twice is as good as once", async () => {
    const { id } = await newKey();
    await cluster.network.fault({
      on: "ledger",
      how: "fail-before",
      caller: 0,
      operation: "revokeKey",
      times: 3,
    });
    expect((await keys(["revoke", id, "--yes"])).code).toBe(0);
    expect(await aliveIds()).toEqual([]);
  });

  test("what would be done twice is not asked for again, and not claimed to be undone", async () => {
    await newKey();
    for (const [operation, args] of [
      ["setTier", ["tier", "pro"]],
      ["revokeAll", ["revoke-all", "--yes"]],
    ] as const) {
      await lostAnswers(operation, 1);
      const { code, stderr } = await keys(args);
      expect(code).toBe(1);
      expect(stderr).toContain("not known whether this was carried out");
      expect((await cluster.network.counts()).ledgerCalls[operation]).toBe(1);
    }
  });

  test("each create is a request of its own: twice the same command, two keys", async () => {
    const first = await keys(CREATE);
    const second = await keys(CREATE);
    expect(second.json.id).not.toBe(first.json.id);
  });
});

/** Passes requests on to the gateway; of the first one the answer is lost with its connection. */
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
