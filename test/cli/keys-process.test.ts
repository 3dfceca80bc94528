// `npm run keys` as a process: pipes, a terminal and the exit code. The other tests run the same commands in a thread.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { use } from "../support/key-requests.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { environmentOf, KEYS_COMMAND, type Keys, ownAccount, runKeys } from "./run-keys.ts";

const UNKNOWN_ID = `key_${"0".repeat(22)}`;
/** Of the pipe between two processes. */
const PIPE_BUFFER_BYTES = 64 * 1024;

let cluster: GatewayCluster;
/** Its list is more text than a pipe holds. */
let account: string;
let keys: Keys;
beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  ({ account, keys } = ownAccount(cluster));
  const rows = Array.from({ length: 200 }, (_, i) => ({
    sha256: createHash("sha256").update(`${account} ${i}`).digest("hex"),
    name: `key ${i}`,
    mode: "live",
  }));
  const { status } = await cluster.control("POST", `/accounts/${account}/keys/import`, { keys: rows });
  expect(status).toBe(200);
});

test("an answer longer than a pipe's buffer is printed whole, and the exit code is 0", async () => {
  const { code, stdout, stderr, json } = await keys(["list", "--json"], { process: true });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.length).toBeGreaterThan(PIPE_BUFFER_BYTES);
  expect(json.keys).toHaveLength(200);
});

test("a reader that closes the pipe early, like head, ends the command without an error", async () => {
  const child = spawn(process.execPath, [KEYS_COMMAND, "list", "--json"], {
    env: { ...process.env, ...environmentOf(cluster, account) },
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const exited = new Promise((resolve) => child.once("exit", resolve));
  expect([await exited, await text(child.stderr)]).toEqual([0, ""]);
});

test("a refusal exits with 1, with the error as JSON on standard output and for people on standard error", async () => {
  const { code, json, stderr } = await keys(["show", UNKNOWN_ID, "--json"], { process: true });
  expect([code, json]).toEqual([1, { error: "Not found", code: "not_found" }]);
  expect(stderr).toContain("404 not_found: Not found");
});

test("keys are read from a pipe", async () => {
  const { code, stdout, stderr } = await runKeys(["hash"], { input: "abc\n", process: true });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
});

test("a key is typed at a terminal, which does not show it, and its revocation is confirmed there", async () => {
  const key = await cluster.createKey({ account, name: "leaked" });
  expect((await use(cluster, key)).status).toBe(200);
  const { code, stdout, stderr } = await runKeys(["revoke", "--secret-stdin"], {
    env: environmentOf(cluster, account),
    terminal: true,
    input: `${key.secret}\nyes\n`,
    process: true,
  });
  expect(code).toBe(0);
  expect(stdout).toContain(`Revoked ${key.id}.`);
  expect(stderr).toContain(`Revoke ${key.id} "leaked"`);
  expect(stderr).not.toContain(key.secret.slice(0, -6));
  expect((await use(cluster, key)).status).toBe(401);
});
