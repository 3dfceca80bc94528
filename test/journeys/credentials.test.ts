/**
 * Which credentials are accepted.
 *
 * Promise: exactly one Authorization header with one Bearer key is a credential; every other request gets 401.
 * credential-answers.test.ts shows that all those answers are the same, refused-keys.test.ts what they cost.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type Header, rawRequest } from "../support/raw-http.ts";
import { type CHALLENGE, CredentialClient } from "./credential-client.ts";

let client: CredentialClient;
let cluster: GatewayCluster;
let key: IssuedKey;
let testKey: IssuedKey;

beforeAll(async () => {
  client = await CredentialClient.start();
  ({ cluster, key, testKey } = client);
});
beforeEach(() => client.forgetRequests());

describe("a request without a credential", () => {
  test.each<[string, () => Header[]]>([
    ["no Authorization", () => []],
    ["an empty Authorization", () => [["Authorization", ""]]],
    ["an Authorization of spaces", () => [["Authorization", "   "]]],
    ["the key in X-Api-Key", () => [["X-Api-Key", key.secret]]],
    ["the key in Api-Key", () => [["Api-Key", key.secret]]],
    ["the key in a cookie", () => [["Cookie", `Authorization=Bearer ${key.secret}; api_key=${key.secret}`]]],
    ["the key in Proxy-Authorization", () => [["Proxy-Authorization", `Bearer ${key.secret}`]]],
    ["the key in X-Authorization", () => [["X-Authorization", `Bearer ${key.secret}`]]],
    ["the key in a header with a similar name", () => [["Authorization_", `Bearer ${key.secret}`]]],
  ])("gets 401 with a challenge: %s", async (_, headers) => {
    client.expectRefusal(await client.send(headers()), "noCredential");
  });

  test.each([
    ["JSON", "application/json", () => JSON.stringify({ api_key: key.secret, access_token: key.secret })],
    // RFC 6750, section 2.2.
    ["a form", "application/x-www-form-urlencoded", () => `access_token=${key.secret}`],
  ])("gets 401 with a challenge: the key in a body of %s", async (_, type, body) => {
    const request = { method: "POST", target: "/v1/posts", headers: [["Content-Type", type]] as const };
    client.expectRefusal(await rawRequest(cluster.gateway(0), { ...request, body: body() }), "noCredential");
  });
});

describe("the Authorization header", () => {
  test.each<[string, (key: string) => string]>([
    ["as documented", (key) => `Bearer ${key}`],
    ["with a scheme in lower case", (key) => `bearer ${key}`],
    ["with a scheme in capitals", (key) => `BEARER ${key}`],
    ["with a scheme in mixed case", (key) => `bEaReR ${key}`],
    ["with two spaces", (key) => `Bearer  ${key}`],
    ["with many spaces", (key) => `Bearer${" ".repeat(100)}${key}`],
  ])("%s is accepted", async (_, value) => {
    expect((await client.authorized(value(key.secret))).status).toBe(200);
    expect(cluster.live.requests).toHaveLength(1);
  });

  test.each<[string, (key: string) => string]>([
    ["only a scheme", () => "Bearer"],
    ["no scheme", (key) => key],
    ["Basic", (key) => `Basic ${Buffer.from(`${key}:`).toString("base64")}`],
    ["Basic with the key as it is", (key) => `Basic ${key}`],
    ["Token", (key) => `Token ${key}`],
    ["a scheme that begins alike", (key) => `BearerX ${key}`],
    ["no space", (key) => `Bearer${key}`],
    ["a colon", (key) => `Bearer: ${key}`],
    ["an equals sign", (key) => `Bearer=${key}`],
    ["a parameter", (key) => `Bearer token="${key}"`],
    ["quotes", (key) => `Bearer "${key}"`],
    ["a tab instead of the space", (key) => `Bearer\t${key}`],
    ["a tab after the space", (key) => `Bearer \t${key}`],
    ["a comma after the key", (key) => `Bearer ${key},`],
    ["a word after the key", (key) => `Bearer ${key} x`],
    ["the key twice", (key) => `Bearer ${key} ${key}`],
    ["the scheme twice", (key) => `Bearer Bearer ${key}`],
    ["two credentials in a list", (key) => `Bearer ${key}, Bearer ${key}`],
    ["16 KiB after the key", (key) => `Bearer ${key}${"x".repeat(16_384)}`],
    ["a scheme of 16 KiB", (key) => `${"B".repeat(16_384)} ${key}`],
    ["16 KiB of spaces", () => `Bearer ${" ".repeat(16_384)}x y`],
    ["a byte that is not ASCII after the key", (key) => `Bearer ${key}\xe9`],
    ["a letter that is not ASCII in the scheme", (key) => `B\xe9arer ${key}`],
    ["a no-break space", (key) => `Bearer\xa0${key}`],
    ["a no-break space in UTF-8", (key) => `Bearer\xc2\xa0${key}`],
    ["full-width letters", (key) => `Bearer ${key.replace("o", "\xef\xbd\x8f")}`],
  ])("with %s is refused", async (_, value) => {
    const response = await client.authorized(value(key.secret));
    client.expectRefusal(response, challengeFor(value(key.secret)));
    expect((await logLineOf(cluster, response)).reason).toMatch(/^malformed_(?:credential|key)$/);
  });

  test.each<[string, (key: string) => [string, string]]>([
    ["the same key twice", (key) => [`Bearer ${key}`, `Bearer ${key}`]],
    ["a good key before another", (key) => [`Bearer ${key}`, `Bearer ${testKey.secret}`]],
    ["an empty one last", (key) => [`Bearer ${key}`, ""]],
    ["Basic before it", (key) => ["Basic eA==", `Bearer ${key}`]],
  ])("sent twice (%s) is refused", async (_, values) => {
    const [first, second] = values(key.secret);
    const headers: Header[] = [
      ["Authorization", first],
      ["authorization", second],
    ];
    client.expectRefusal(await client.send(headers), challengeFor(first));
  });

  test("after an empty one is accepted: workerd drops the empty one", async () => {
    const headers: Header[] = [
      ["Authorization", ""],
      ["Authorization", `Bearer ${key.secret}`],
    ];
    expect((await client.send(headers)).status).toBe(200);
  });

  test("with bytes that no header may contain is refused by workerd", async () => {
    for (const bytes of ["\0", "\r", "\x7f"]) {
      const response = await client.authorized(`Bearer ${key.secret}${bytes}`);
      expect([400, 401], JSON.stringify(bytes)).toContain(response.status);
    }
    expect(cluster.live.requests).toEqual([]);
  });
});

describe("the text of a key", () => {
  const replaced = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);

  test.each<[string, string, () => string]>([
    ["an unknown prefix", "malformed_key", () => key.secret.replace("live", "prod")],
    ["a prefix in capitals", "malformed_key", () => key.secret.replace("oct", "OCT")],
    ["a prefix of another maker", "malformed_key", () => key.secret.replace("oct", "sk")],
    ["no prefix", "malformed_key", () => key.secret.slice("oct_live_".length)],
    ["one character less", "malformed_key", () => key.secret.slice(0, -1)],
    ["one character more", "malformed_key", () => `${key.secret}0`],
    ["a dash inside", "malformed_key", () => key.secret.replace(/.(.)$/, "-$1")],
    ["a line end by escape", "malformed_key", () => `${key.secret}%0A`],
    ["another last character", "bad_checksum", () => replaced(key.secret, key.secret.length - 1)],
    ["another random character", "bad_checksum", () => replaced(key.secret, 20)],
    ["swapped case", "bad_checksum", () => `oct_live_${swapCase(key.secret.slice(9))}`],
    ["a live key renamed test", "bad_checksum", () => key.secret.replace("live", "test")],
    ["a test key renamed live", "bad_checksum", () => testKey.secret.replace("test", "live")],
    [
      "the random part of one key, the check of another",
      "bad_checksum",
      () => key.secret.slice(0, -6) + testKey.secret.slice(-6),
    ],
    ["the key's hash", "malformed_key", () => client.atRest(key.secret)],
    ["the control token", "malformed_key", () => String(cluster.settings.CONTROL_TOKEN)],
  ])("with %s is refused, and the log says %s", async (_, reason, text) => {
    const response = await client.authorized(`Bearer ${text()}`);
    client.expectRefusal(response, "badCredential");
    expect((await logLineOf(cluster, response)).reason).toBe(reason);
  });

  test("a key is not accepted as the control token", async () => {
    const answer = await cluster.control("GET", "/accounts/acct/keys", undefined, {
      token: key.secret,
    });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ error: "Invalid or expired API key", code: "unauthorized" });
  });
});

/** By the scheme alone, a word before the first space. */
function challengeFor(authorization: string): keyof typeof CHALLENGE {
  const scheme = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?= |$)/.exec(authorization)?.[0];
  return scheme === undefined || scheme.toLowerCase() === "bearer" ? "badCredential" : "otherScheme";
}

function swapCase(text: string): string {
  return [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join("");
}
