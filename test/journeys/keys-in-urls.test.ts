/**
 * A key in the URL of a request (RFC 6750 §2.3).
 *
 * The promise: wherever in the target it stands and however it is written, a request with a good credential is 400, no origin sees anything
 * of it, and the text is in no log line and in no answer. A text that is no key passes.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { completeLog, logLineOf } from "../support/log-lines.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";

const REFUSED = '{"error":"API keys do not belong in URLs","code":"bad_request"}';

let cluster: GatewayCluster;
let key: IssuedKey;
let testKey: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  key = await cluster.createKey();
  testKey = await cluster.createKey({ mode: "test" });
});
beforeEach(() => {
  cluster.live.clear();
  cluster.sandbox.clear();
});

function send(
  target: string,
  authorization: string | null = `Bearer ${key.secret}`,
  method = "GET",
): Promise<RawResponse> {
  const headers = authorization === null ? [] : [["Authorization", authorization] as const];
  return rawRequest(cluster.gateway(0), { method, target, headers });
}

const encoded = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
const twice = (text: string) => encoded(text).replaceAll("%", "%25");

describe("400, nothing forwarded, nothing logged:", () => {
  test.each<[string, (secret: string) => string]>([
    ["as a parameter", (secret) => `/v1/posts?access_token=${secret}`],
    ["after other parameters", (secret) => `/v1/posts?page=2&limit=5&key=${secret}&x=1`],
    ["as the whole query", (secret) => `/v1/posts?${secret}`],
    ["as a parameter's name", (secret) => `/v1/posts?${secret}=1`],
    ["in a header's spelling", (secret) => `/v1/posts?Authorization=Bearer%20${secret}`],
    ["as a path segment", (secret) => `/v1/posts/${secret}`],
    ["inside a segment", (secret) => `/v1/posts/x${secret}y`],
    ["percent-encoded", (secret) => `/v1/posts?k=${encoded(secret)}`],
    ["partly encoded", (secret) => `/v1/posts?k=${secret.replaceAll("_", "%5F")}`],
    ["encoded twice", (secret) => `/v1/posts?k=${twice(secret)}`],
    ["encoded twice, in capitals", (secret) => `/v1/posts?k=${secret.replaceAll("_", "%255F")}`],
    [
      "encoded with its percent signs",
      (secret) => `/v1/posts?k=${encoded(encoded(secret.slice(0, 4)))}${secret.slice(4)}`,
    ],
    [
      "in an absolute target whose scheme is in capitals",
      (secret) => `HTTP://api.octopost.ink/v1/posts?k=${secret}`,
    ],
    ["without its last character", (secret) => `/v1/posts?k=${secret.slice(0, -1)}`],
    ["followed by more", (secret) => `/v1/posts?k=${secret}0123456789`],
    ["in quotes", (secret) => `/v1/posts?q=%22${secret}%22`],
  ])("%s", async (_, targetOf) => {
    for (const { secret } of [key, testKey]) {
      const target = targetOf(secret);
      const response = await send(target);
      expect([response.status, response.body.toString()]).toEqual([400, REFUSED]);
      expect(await logLineOf(cluster, response)).toMatchObject({ event: "refused", reason: "key_in_url" });
      expect([...cluster.live.requests, ...cluster.sandbox.requests]).toEqual([]);
      const random = secret.slice(-30, -1);
      for (const text of [...cluster.logs, ...response.headers.flat()]) {
        expect(text).not.toContain(random);
        expect(text).not.toContain(encoded(random));
      }
    }
  });

  test("whatever the method and the route", async () => {
    for (const [method, target] of [
      ["HEAD", `/v1/posts?k=${key.secret}`],
      ["POST", `/v1/posts?k=${key.secret}`],
      ["PATCH", `/v1/posts?k=${key.secret}`],
      ["DELETE", `/v1/accounts/${key.secret}`],
    ] as const) {
      expect((await send(target, `Bearer ${key.secret}`, method)).status).toBe(400);
    }
    expect(cluster.live.requests).toEqual([]);
  });
});

// workerd strips these from the URL before the Worker sees it.
test.each<[string, (secret: string) => string]>([
  ["in a fragment", (secret) => `/v1/posts#access_token=${secret}`],
  ["as the user of an absolute target", (secret) => `http://${secret}:x@api.octopost.ink/v1/posts`],
  ["as the password of an absolute target", (secret) => `http://x:${secret}@api.octopost.ink/v1/posts`],
])("%s it reaches neither an origin nor the log", async (_, targetOf) => {
  await send(targetOf(key.secret));
  for (const { target, rawHeaders } of cluster.live.requests) {
    expect([target, ...rawHeaders.flat()].join()).not.toContain(key.secret.slice(-30));
  }
  expect((await completeLog(cluster)).join()).not.toContain(key.secret.slice(-30));
});

test("where the request is refused for its path anyway it is refused for that, and no origin sees it", async () => {
  const unknown = [`/v1/${key.secret}`, `/v1/no/such/route/${key.secret}`, `/v1/nothing?k=${key.secret}`];
  for (const target of unknown) expect((await send(target)).status).toBe(404);
  for (const target of [
    `/v1/posts/${encoded(key.secret)}`,
    `/v1/posts//${key.secret}`,
    `/v1/${key.secret}.json`,
  ]) {
    expect((await send(target)).status).toBe(400);
  }
  expect(cluster.live.requests).toEqual([]);
  expect((await completeLog(cluster)).join()).not.toContain(key.secret.slice(-30));
});

test.each([
  ["without a credential", null],
  ["with a bad one", "Bearer nonsense"],
])("%s the request is 401 like any other, and no origin sees it", async (_, authorization) => {
  const response = await send(`/v1/posts?access_token=${key.secret}`, authorization);
  expect(response.status).toBe(401);
  expect([...cluster.live.requests, ...cluster.sandbox.requests]).toEqual([]);
  expect((await completeLog(cluster)).join()).not.toContain(key.secret.slice(-30));
});

describe("passes untouched", () => {
  test.each([
    "?q=oct_live_",
    "?q=what+is+an+oct_live_key",
    "?q=oct_live_abc123",
    "?q=oct_prod_0123456789abcdefghijklmnopqrstuvwxyz",
    "?q=key_0123456789abcdefghijkl",
    "?a=%zz&b=%&c=%25",
    "?b=%6f%63%74&c=%255F%5F",
    "?OCT_LIVE_=1",
  ])("%s", async (query) => {
    expect((await send(`/v1/posts${query}`)).status).toBe(200);
    expect(cluster.live.requests.map(({ target }) => target)).toEqual([`/v1/posts${query}`]);
  });
});
