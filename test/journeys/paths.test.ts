/**
 * Request targets of every kind, written to the socket byte for byte.
 *
 * Promise: the path that is judged is, byte for byte, the path that is forwarded. What the URL parser resolves (dot
 * segments, backslashes) is resolved before the check; every other path that two parsers could read differently is
 * refused and not forwarded.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { type RawResponse, rawRequest, sendRaw } from "../support/raw-http.ts";
import { sharedCluster } from "../support/shared.ts";
import { HOST, PUBLIC_GATEWAY } from "./header-client.ts";

const SEGMENT_128 = "a".repeat(128);

let cluster: GatewayCluster;
let full: IssuedKey;
let postsOnly: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(PUBLIC_GATEWAY);
  full = await cluster.createKey();
  postsOnly = await cluster.createKey({ permissions: ["posts:read"] });
});
beforeEach(() => cluster.live.clear());

function get(target: string, { secret }: IssuedKey = full, host = HOST): Promise<RawResponse> {
  const head = [`GET ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${secret}`];
  return sendRaw(cluster.gateway(0), `${head.join("\r\n")}\r\n\r\n`);
}

function targetsSeen(): string[] {
  return cluster.live.requests.map(({ target }) => target);
}

describe("is refused and not forwarded:", () => {
  test.each([
    ["/v1/", "no segment"],
    ["/v1/posts/", "a trailing slash"],
    ["/v1//posts", "a doubled slash"],
    ["/v1/posts//", "a doubled slash at the end"],
    ["/v1/posts//x", "an empty segment"],
    ["/v1/%70osts", "an encoded letter"],
    ["/v1/posts%2fpost_1", "an encoded slash"],
    ["/v1/posts%2Fpost_1", "an encoded slash in capitals"],
    ["/v1/posts%5cpost_1", "an encoded backslash"],
    ["/v1/posts/%00", "an encoded zero byte"],
    ["/v1/posts/a%00b", "an encoded zero byte inside"],
    ["/v1/posts/%20", "an encoded space"],
    ["/v1/posts/%", "a lone per cent sign"],
    ["/v1/posts/%zz", "a broken escape"],
    ["/v1/posts/%252e%252e", "doubly encoded dots"],
    ["/v1/posts/..%2faccounts", "dots before an encoded slash"],
    ["/v1/posts/..%5caccounts", "dots before an encoded backslash"],
    ["/v1/..;/posts", "dots with a parameter"],
    ["/v1/posts;a=1", "a path parameter"],
    ["/v1/posts;", "a semicolon"],
    ["/v1/posts,x", "a comma"],
    ["/v1/posts/a:b", "a colon"],
    ["/v1/posts/a@b", "an at sign"],
    ["/v1/posts/a.json", "a dot inside a segment"],
    ["/v1/posts/...", "three dots"],
    ["/v1/posts/.", "a dot at the end, which leaves a trailing slash"],
    ["/v1/posts/x/..", "two dots at the end"],
    ["/v1/posts\\", "a backslash at the end"],
    ["/v1/posts/%C3%B6", "encoded non-ASCII"],
    ["/v1/posts/%c0%ae%c0%ae", "an over-long encoding of dots"],
    [`/v1/posts/${SEGMENT_128}a`, "a segment of 129 characters"],
    [`http://${HOST}/v1//posts`, "a doubled slash in absolute form"],
  ])("%s (%s) as 400 bad_request", async (target) => {
    expectRefusal(await get(target), 400, "bad_request");
  });

  test.each([
    ["/", "the root"],
    ["/v1", "the prefix without its slash"],
    ["/v1x/posts", "a longer prefix"],
    ["/V1/posts", "the prefix in capitals"],
    ["/%761/posts", "an encoded prefix"],
    ["/%2fv1/posts", "an encoded slash before the prefix"],
    ["//v1/posts", "a doubled slash before the prefix"],
    ["/v1%2fposts", "an encoded slash after the prefix"],
    ["/v1;a/posts", "a parameter on the prefix"],
    ["/v2/posts", "another version"],
    ["/v1/../posts", "dots out of the prefix"],
    ["/v1/%2e%2e/posts", "encoded dots out of the prefix"],
    ["/v1\\..\\posts", "backslashes out of the prefix"],
    ["//evil.example/v1/posts", "a protocol-relative target"],
    ["/\\evil.example/v1/posts", "a protocol-relative target with a backslash"],
    ["http://evil.example//v1/posts", "another host in absolute form, with a doubled slash"],
    ["*", "an asterisk"],
  ])("%s (%s) as 404 not_found", async (target) => {
    expectRefusal(await get(target), 404, "not_found");
  });

  // workerd refuses these before the Worker runs.
  test.each([
    ["/v1/posts/\0", "a zero byte"],
    ["/v1/posts/\x7f", "a delete character"],
    ["/v1/po\tsts", "a tab"],
    ["/v1/posts/\xc3\xb6", "non-ASCII"],
    ["/v1/posts?q=\xf6", "non-ASCII in the query"],
    ['/v1/posts?q="a"', "double quotes in the query"],
    ["/v1/posts?q=<a>", "angle brackets in the query"],
    ["v1/posts", "no slash at the beginning"],
    ["\\v1\\posts", "backslashes only"],
    ["/v1/posts x", "a space"],
  ])("%j (%s) as a request that is not HTTP", async (target) => {
    expect((await get(target)).status).toBe(400);
    expect(targetsSeen()).toEqual([]);
  });

  test("a Host that does not form a URL gets 400 bad_request", async () => {
    expectRefusal(await get("/v1/posts", full, "not a host"), 400, "bad_request");
  });
});

describe("is forwarded as the path that was judged:", () => {
  test.each([
    ["/v1/posts", "/v1/posts"],
    [`/v1/posts/${SEGMENT_128}`, `/v1/posts/${SEGMENT_128}`],
    ["/v1/posts/-_09azAZ", "/v1/posts/-_09azAZ"],
    ["/v1/./posts", "/v1/posts"],
    ["/v1/%2e/posts", "/v1/posts"],
    ["/v1/%2E/posts", "/v1/posts"],
    ["/v1/x/../posts", "/v1/posts"],
    ["/v1/x/%2e%2e/posts", "/v1/posts"],
    ["/v1/x/.%2e/posts", "/v1/posts"],
    ["/v1/x/%2E./posts", "/v1/posts"],
    ["/v1/../v1/posts", "/v1/posts"],
    ["/../../v1/posts", "/v1/posts"],
    ["/v1\\posts", "/v1/posts"],
    ["/v1/x\\..\\posts", "/v1/posts"],
    ["/v1/posts#fragment", "/v1/posts"],
    [`http://${HOST}/v1/posts`, "/v1/posts"],
    ["http://evil.example/v1/posts", "/v1/posts"],
    ["https://evil.example/v1/posts", "/v1/posts"],
    ["http://user:password@evil.example/v1/posts", "/v1/posts"],
  ])("%s reaches the origin as %s", async (target, reached) => {
    expect((await get(target)).status).toBe(200);
    expect(targetsSeen()).toEqual([reached]);
  });

  test.each([
    "/v1/posts/../accounts",
    "/v1/posts/%2e%2e/accounts",
    "/v1/posts\\..\\accounts",
    "/v1/posts/x/../../accounts",
    "http://x/v1/posts/../accounts",
  ])("%s is judged as accounts, not as posts", async (target) => {
    expectRefusal(await get(target, postsOnly), 403, "forbidden");
    expect((await get(target)).status).toBe(200);
    expect(targetsSeen()).toEqual(["/v1/accounts"]);
  });

  test("another host in absolute form does not change the forwarded headers", async () => {
    await get("http://evil.example/v1/posts");
    const seen = cluster.live.requests[0];
    expect(seen?.header("X-Forwarded-Host")).toBe(HOST);
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain("evil.example");
  });
});

describe("the query string", () => {
  test.each([
    "?",
    "??",
    "?a?b?c",
    "?a=1&a=2&&=&=x",
    "?a=%zz&b=%&c=%e4",
    "?a=%7e%41%2F%00",
    "?a[]=1&b={x}|y^z`~",
    "?q=it's",
    "?a=\\..\\",
    "?a=/../..//;x",
    "?a=+%20+",
    "?status=draft;limit=1:2,3@4$5!(6)*7",
  ])("%s is forwarded unchanged", async (query) => {
    expect((await get(`/v1/posts${query}`)).status).toBe(200);
    expect(targetsSeen()).toEqual([`/v1/posts${query}`]);
  });

  test("of 12 kB is forwarded unchanged", async () => {
    const target = `/v1/posts?${"k=v&".repeat(3000)}`;
    expect((await get(target)).status).toBe(200);
    expect(targetsSeen()).toEqual([target]);
  });

  test("excludes the fragment", async () => {
    await get("/v1/posts#?status=draft");
    expect(targetsSeen()).toEqual(["/v1/posts"]);
  });

  test.each([
    ["in its own words", (secret: string) => `?api_key=${secret}`],
    ["as an access token (RFC 6750, section 2.3)", (secret: string) => `?access_token=${secret}`],
    ["as a whole header", (secret: string) => `?Authorization=Bearer%20${secret}`],
    ["percent-encoded", (secret: string) => `?api_key=${secret.replaceAll("_", "%5F")}`],
    ["under an encoded name", (secret: string) => `?%61ccess_token=${secret}`],
    ["alone", (secret: string) => `?${secret}`],
  ])("a key in it is not a credential: %s", async (_, query) => {
    const target = `/v1/posts${query(full.secret)}`;
    const response = await rawRequest(cluster.gateway(0), { method: "GET", target });
    expectRefusal(response, 401, "unauthorized");
    // The challenge for a request without a credential.
    expect(response.header("WWW-Authenticate")).toBe(
      'Bearer realm="octopost", error_description="Send your key in the header Authorization: Bearer <key>"',
    );
  });
});

test("an unknown route is 404 with a key, and 401 without one", async () => {
  expectRefusal(await get("/v1/nothing"), 404, "not_found");
  expectRefusal(await get("/v1/posts/post_1/publish/now"), 404, "not_found");
  const stranger = await rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/nothing" });
  expectRefusal(stranger, 401, "unauthorized");
});

function expectRefusal(response: RawResponse, status: number, code: string): void {
  expect([response.status, JSON.parse(response.body.toString()).code]).toEqual([status, code]);
  expect(response.header("Content-Type")).toBe("application/json");
  expect(targetsSeen()).toEqual([]);
}
