// `npm run keys -- find` and `revoke --secret-stdin`: the commands for a key whose text is known.
//
// The key is read from standard input only. Success is reported for a revoked key only, whatever the server answers.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { use } from "../support/key-requests.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { type KeysOptions, runKeys } from "./run-keys.ts";

const SECRET = `oct_live_${"a1B2c3D4e5".repeat(4).slice(0, 36)}`;
const ID = `key_${"0".repeat(22)}`;
const KEY = {
  id: ID,
  account: "acme",
  name: "Production Server",
  mode: "live",
  permissions: [],
  allowed_ips: [],
  limits: null,
  labels: {},
  state: "active",
  hint: "oct_live_…WXYZ",
  created_at: "2026-11-01T00:00:00.000Z",
  created_by: "ada@example.com",
  expires_at: null,
  last_used_at: null,
  use_count: 0,
  suspended_at: null,
  revokes_at: null,
  revoked_at: null,
  replaced_by: null,
};
const REVOKED = { id: ID, effective_at: "2026-11-28T20:00:00.123Z", waited_ms: 1200 };

interface Received {
  readonly target: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A server with the answers that a test sets, by path. */
let server: http.Server;
let url: string;
let received: Received[];
let answers: Record<string, [status: number, body: object]>;

beforeAll(async () => {
  server = http.createServer(async (request, response) => {
    const { url: target = "", headers } = request;
    let body = "";
    for await (const chunk of request) body += chunk;
    received.push({ target, headers, body });
    const [status, answer] = answers[target] ?? [500, {}];
    response.writeHead(status, { "Content-Type": "application/json", "X-Request-Id": "id-1" });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  received = [];
  answers = { "/control/v1/identify": [200, KEY], "/control/v1/revoke": [200, REVOKED] };
});

/** Without an account or a token. */
const run = (args: readonly string[], options: KeysOptions = {}) => runKeys([...args, "--url", url], options);
const revoke = (input: KeysOptions["input"] = SECRET, ...args: string[]) =>
  run(["revoke", "--secret-stdin", ...args], { input });
const refusal = (code: string) => ({ error: "Not a key; nothing was revoked", code });

describe("find", () => {
  test("prints the key whose text is piped in, and sends no token", async () => {
    const { code, stdout, stderr } = await run(["find"], {
      input: `${SECRET}\n`,
      env: { OCTOPOST_CONTROL_TOKEN: "the-token" },
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^id +${ID}$`, "m"));
    expect(stdout).toMatch(/^account +acme$/m);
    expect(received).toMatchObject([
      { target: "/control/v1/identify", body: JSON.stringify({ secret: SECRET }) },
    ]);
    expect(received[0]?.headers.authorization).toBeUndefined();
    expect((await run(["find", "--json"], { input: SECRET })).json).toEqual(KEY);
  });

  test("asks at a terminal, and shows nothing of the key", async () => {
    const { code, stdout, stderr } = await run(["find"], { terminal: true, input: `${SECRET}\n` });
    expect(code).toBe(0);
    expect(stdout).toContain(ID);
    expect(stderr).toContain("Key (not shown):");
    expect(stderr).not.toContain(SECRET.slice(0, 8));
    expect(received[0]?.body).toBe(JSON.stringify({ secret: SECRET }));
  });

  test("exits with 1 for a text that is not a key of this gateway", async () => {
    answers["/control/v1/identify"] = [404, { error: "Not found", code: "not_found" }];
    const { code, stdout, stderr } = await run(["find"], { input: SECRET });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("404 not_found");
    expect(stderr).toContain("No key of this gateway has this text");
    expect(stderr).not.toContain(SECRET);
  });
});

describe("revoke --secret-stdin", () => {
  test("prints the id and the time from which the key is revoked everywhere, and sends no token", async () => {
    const { code, stdout, stderr } = await revoke();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(`Revoked ${ID}.\nRevoked everywhere since 2026-11-28 20:00:00 UTC, after 1.2 s.\n`);
    expect(received).toMatchObject([
      { target: "/control/v1/revoke", body: JSON.stringify({ secret: SECRET }) },
    ]);
    expect(received[0]?.headers.authorization).toBeUndefined();
    expect((await revoke(SECRET, "--json")).json).toEqual(REVOKED);
  });

  test.each([
    ["a line end", `${SECRET}\n`],
    ["blank lines", `\r\n\r\n${SECRET}\r\n\r\n`],
    ["a byte order mark", `\ufeff${SECRET}\n`],
    ["spaces", `\t ${SECRET} \n`],
  ])("accepts a key with %s around it", async (_, input) => {
    expect((await revoke(input)).code).toBe(0);
    expect(received[0]?.body).toBe(JSON.stringify({ secret: SECRET }));
  });

  test("leaves quotes and Bearer to the gateway", async () => {
    expect((await revoke(`"Bearer ${SECRET}"\n`)).code).toBe(0);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({ secret: `"Bearer ${SECRET}"` });
  });

  test.each([
    ["nothing", ""],
    ["blank lines only", " \n\n"],
    ["two keys", `${SECRET}\n${SECRET.replace("live", "test")}\n`],
    ["UTF-16", Buffer.from(`\ufeff${SECRET}\r\n`, "utf16le")],
  ])("with %s on standard input sends nothing and exits with 2", async (_, input) => {
    const { code, stdout, stderr } = await revoke(input);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("standard input");
    expect(stderr).not.toContain(SECRET);
    expect(received).toEqual([]);
  });

  test.each([
    [422, "validation_error"],
    [404, "not_found"],
    [429, "too_many_requests"],
  ])("reports %i as a failure: nothing was revoked", async (status, code) => {
    answers["/control/v1/revoke"] = [status, refusal(code)];
    const outcome = await revoke();
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(`${status} ${code}`);
    expect(outcome.stderr).toContain("Nothing was revoked.");
    expect(outcome.stderr).not.toContain(SECRET);
    expect((await revoke(SECRET, "--json")).json).toEqual(refusal(code));
  });

  test.each([
    ["an empty answer", {}],
    ["an answer without a time", { id: ID, waited_ms: 0 }],
    ["an answer without an id", { effective_at: REVOKED.effective_at, waited_ms: 0 }],
    ["a time that is null", { ...REVOKED, effective_at: null }],
  ])("never reports success for 200 with %s", async (_, answer) => {
    answers["/control/v1/revoke"] = [200, answer];
    const { code, stdout, stderr } = await revoke();
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("the key may still work");
  });

  test("calls the outcome unknown after 503, which it has retried", async () => {
    answers["/control/v1/revoke"] = [503, { error: "Service unavailable", code: "service_unavailable" }];
    const { code, stdout, stderr } = await revoke();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("not known");
    expect(stderr).not.toContain("Nothing was revoked");
    expect(received).toHaveLength(2);
  });

  test("at a terminal shows the key and asks; every answer but yes revokes nothing", async () => {
    const refused = await run(["revoke", "--secret-stdin"], { terminal: true, input: `${SECRET}\nno\n` });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(`Revoke ${ID} "Production Server" (oct_live_…WXYZ, not used yet)?`);
    expect(refused.stderr).toContain("nothing was done");
    expect(received.map(({ target }) => target)).toEqual(["/control/v1/identify"]);
    const confirmed = await run(["revoke", "--secret-stdin"], { terminal: true, input: `${SECRET}\nyes\n` });
    expect(confirmed).toMatchObject({ code: 0, stdout: expect.stringContaining(`Revoked ${ID}.`) });
    expect(received.at(-1)?.target).toBe("/control/v1/revoke");
  });

  test.each([
    ["neither an id nor --secret-stdin", ["revoke", "--yes"]],
    ["both", ["revoke", ID, "--secret-stdin", "--yes"]],
    ["a reason", ["revoke", "--secret-stdin", "--reason", "leaked"]],
    ["the key as its value", ["revoke", `--secret-stdin=${SECRET}`]],
    ["the key as an argument of find", ["find", SECRET]],
  ])("with %s exits with 2 and sends nothing", async (_, args) => {
    const { code, stdout, stderr } = await run(args, { input: SECRET });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toContain(SECRET);
    expect(received).toEqual([]);
  });
});

test("revoke by id never reports success for an answer that does not confirm it", async () => {
  const env = { OCTOPOST_ACCOUNT: "acme", OCTOPOST_CONTROL_TOKEN: "the-token" };
  for (const answer of [{}, { ...KEY, ...REVOKED, id: `key_${"1".repeat(22)}` }, KEY]) {
    answers[`/control/v1/accounts/acme/keys/${ID}/revoke`] = [200, answer];
    const { code, stdout, stderr } = await run(["revoke", ID, "--yes"], { env });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("the key may still work");
  }
});

describe("against the gateway", () => {
  let cluster: GatewayCluster;
  beforeAll(async () => {
    cluster = await sharedCluster(TWO_GATEWAYS);
  });

  test("a key is found and revoked by its text; a text that is not the whole key revokes nothing", async () => {
    const key = await cluster.createKey({ account: "acme", name: "leaked" });
    const { host, port } = cluster.gateway(0);
    const text = (args: readonly string[], input: string) =>
      runKeys([...args, "--url", `http://${host}:${port}`], { input });
    const revokeText = (input: string) => text(["revoke", "--secret-stdin"], input);
    expect((await use(cluster, key)).status).toBe(200);

    expect((await text(["find", "--json"], ` "${key.secret}"\n`)).json).toMatchObject({
      id: key.id,
      name: "leaked",
    });
    for (const wrong of [
      key.secret.slice(0, -1),
      `${key.secret.slice(0, -1)}${key.secret.endsWith("a") ? "b" : "a"}`,
    ]) {
      const { code, stdout, stderr } = await revokeText(wrong);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/nothing was revoked/i);
    }
    expect((await use(cluster, key)).status).toBe(200);

    const { code, stdout } = await revokeText(`Bearer ${key.secret}\n`);
    expect(code).toBe(0);
    expect(stdout).toContain(`Revoked ${key.id}.`);
    expect((await use(cluster, key)).status).toBe(401);
    expect((await revokeText(key.secret)).code).toBe(0);
  });
});
