// Confirmation: `npm run keys` asks before an operation that cannot be undone.

import { beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { type Keys, ownAccount } from "./run-keys.ts";
import { sendsNothing } from "./with-server.ts";

let cluster: GatewayCluster;
let account: string;
let keys: Keys;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(() => {
  ({ account, keys } = ownAccount(cluster));
});

function newKey(name = "a key"): Promise<IssuedKey> {
  return cluster.createKey({ account, name });
}

async function activeIds(): Promise<string[]> {
  const { json } = await cluster.control("GET", `/accounts/${account}/keys`);
  return json.keys.map(({ id }: IssuedKey) => id);
}

test("without a terminal and without --yes, sends nothing and exits with 2", async () => {
  const { id } = await newKey();
  await sendsNothing(async (url) => {
    for (const args of [["revoke", id], ["revoke-all"], ["rotate", id, "--overlap", "0"]]) {
      const { code, stdout, stderr } = await keys([...args, "--url", url], { input: "yes\n" });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("--yes");
    }
  });
});

test("revoke shows the key and asks; every answer but yes leaves it unchanged", async () => {
  const { id, hint } = await newKey("Production Server");
  for (const input of ["", "\n", "y\n", "no\n"]) {
    // Nothing is typed: Ctrl-D, which ends the process.
    const options = { terminal: true, input, process: input === "" };
    const { code, stderr } = await keys(["revoke", id], options);
    expect(code, input).toBe(2);
    expect(stderr).toContain(`Revoke ${id} "Production Server" (${hint}, not used yet)?`);
    expect(stderr).toContain("nothing was done");
  }
  expect(await activeIds()).toEqual([id]);
  const { code, stdout } = await keys(["revoke", id], { terminal: true, input: "yes\n" });
  expect(code).toBe(0);
  expect(stdout).toContain("Revoked everywhere since");
  expect(await activeIds()).toEqual([]);
});

test("revoke-all shows the keys that it would revoke, and no others", async () => {
  const [one, two] = [await newKey("one"), await newKey("two")];
  const other = await cluster.createKey({ account, name: "other", mode: "test" });
  const args = ["revoke-all", "--mode", "live"];
  const { stderr } = await keys(args, { terminal: true, input: "no\n" });
  expect(stderr).toContain("Revoke 2 keys?");
  expect(stderr).toContain(`${one.id} "one"`);
  expect(stderr).toContain(`${two.id} "two"`);
  expect(stderr).not.toContain(other.id);
  expect(await activeIds()).toHaveLength(3);
  expect((await keys(args, { terminal: true, input: "yes\n" })).code).toBe(0);
  expect(await activeIds()).toEqual([other.id]);
});

test("rotate asks only if the old key would be revoked immediately", async () => {
  const { id } = await newKey("old");
  const other = await newKey("other");
  const atOnce = ["rotate", id, "--overlap", "0"];
  const { code, stderr } = await keys(atOnce, { terminal: true, input: "no\n" });
  expect(code).toBe(2);
  expect(stderr).toContain(`this revokes ${id} "old"`);
  expect(await activeIds()).toContain(id);
  expect((await keys(["rotate", other.id])).code).toBe(0);
  expect((await keys(atOnce, { terminal: true, input: "yes\n" })).code).toBe(0);
  expect(await activeIds()).not.toContain(id);
});
