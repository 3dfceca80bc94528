/**
 * What an origin says of its own address, host or connection.
 *
 * The promise: no response header names the origin's host, and a client that follows what it is given stays on
 * `PUBLIC_ORIGIN`, whatever `Host` it has sent itself. public-address.test.ts has the syntaxes in full; here they
 * go over the wire, through the built bundle.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { reply, trickle } from "../support/origin-behaviours.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster } from "../support/shared.ts";
import { HOST, PUBLIC_GATEWAY } from "./header-client.ts";

const PUBLIC = `https://${HOST}`;

let cluster: GatewayCluster;
let key: IssuedKey;
let origin: string;
let originHost: string;

beforeAll(async () => {
  cluster = await sharedCluster(PUBLIC_GATEWAY);
  key = await cluster.createKey();
  origin = cluster.live.url;
  originHost = new URL(origin).host;
});
beforeEach(() => cluster.live.clear());

async function received(headers: readonly Header[], status = 200, host = "x"): Promise<RawResponse> {
  cluster.live.respond = reply(status, headers, "body");
  return await ask(host);
}

function ask(host: string): Promise<RawResponse> {
  const headers: Header[] = [
    ["Host", host],
    ["Authorization", `Bearer ${key.secret}`],
  ];
  return rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/posts", headers });
}

function valuesOf({ headers }: RawResponse, name: string): string[] {
  return headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

describe("is rewritten to the public address:", () => {
  test.each<[name: string, value: (o: string, h: string) => string, expected: string]>([
    ["Location", (o) => `${o}/v1/posts/1?a=b#c`, `${PUBLIC}/v1/posts/1?a=b#c`],
    ["Content-Location", (o) => `${o}/v1/posts/1`, `${PUBLIC}/v1/posts/1`],
    ["Content-Base", (_, h) => `//${h}/v1/`, `${PUBLIC}/v1/`],
    ["Link", (o) => `<${o}/v1/posts?page=2>; rel="next"`, `<${PUBLIC}/v1/posts?page=2>; rel="next"`],
    [
      "Link",
      (o) => `<${o}/a>; rel=prev, </b>; rel=next; anchor="${o}/v1"; title="a, <b>"`,
      `<${PUBLIC}/a>; rel=prev, </b>; rel=next; anchor="${PUBLIC}/v1"; title="a, <b>"`,
    ],
    ["Refresh", (o) => `5; url=${o}/v1/posts`, `5; url=${PUBLIC}/v1/posts`],
    ["SourceMap", (o) => `${o}/x.map`, `${PUBLIC}/x.map`],
    ["Access-Control-Allow-Origin", (o) => o, PUBLIC],
    ["Timing-Allow-Origin", (o) => `https://a.example, ${o}`, `https://a.example, ${PUBLIC}`],
    ["Reporting-Endpoints", (o) => `default="${o}/reports"`, `default="${PUBLIC}/reports"`],
    [
      "Content-Security-Policy",
      (o, h) => `connect-src 'self' ${h}; report-uri ${o}/csp`,
      `connect-src 'self' ${HOST}; report-uri ${PUBLIC}/csp`,
    ],
    ["X-Next-Page", (o) => `${o}/v1/posts?page=2`, `${PUBLIC}/v1/posts?page=2`],
    ["X-Served-By", (_, h) => h, HOST],
    ["Set-Cookie", () => "a=1; Domain=127.0.0.1; Path=/", "a=1; Path=/"],
  ])("%s: %s", async (name, value, expected) => {
    for (const status of [200, 201, 302, 404]) {
      const response = await received([[name, value(origin, originHost)]], status);
      expect(response.status).toBe(status);
      expect(valuesOf(response, name)).toEqual([expected]);
    }
  });

  test("Link in several headers, each", async () => {
    const response = await received([
      ["Link", `<${origin}/a>; rel=next`],
      ["Link", `</b>; rel=prev`],
      ["Link", `<${origin}/c>; rel=last`],
    ]);
    expect(valuesOf(response, "Link").join(", ")).toBe(
      `<${PUBLIC}/a>; rel=next, </b>; rel=prev, <${PUBLIC}/c>; rel=last`,
    );
  });

  // One value by definition, so that several are no list of HTTP's; the platform joins them.
  test.each<[string, (o: string, other: string) => string]>([
    ["Location", (o, path) => `${o}${path}`],
    ["Content-Location", (o, path) => `${o}${path}`],
    ["Content-Base", (o, path) => `${o}${path}`],
    ["SourceMap", (o, path) => `${o}${path}`],
    ["Refresh", (o, path) => `5; url=${o}${path}`],
    ["Refresh", (o, path) => `0, '${o}${path}'`],
  ])("%s in several headers, each", async (name, value) => {
    for (const status of [201, 302]) {
      for (const first of [PUBLIC, origin, "https://octopost.ink"]) {
        const sent = [value(first, "/a,b"), value(origin, "/c"), value(origin, "/d")];
        const response = await received(
          sent.map((one) => [name, one]),
          status,
        );
        expect(valuesOf(response, name).join(", ")).toBe(sent.join(", ").replaceAll(origin, PUBLIC));
      }
    }
  });

  test("on a streamed response too", async () => {
    const headers: Header[] = [
      ["Content-Type", "text/event-stream"],
      ["Link", `<${origin}/a>; rel=next`],
    ];
    cluster.live.respond = trickle(["data: 1\n\n", "data: 2\n\n"], 5, { headers });
    expect((await ask("x")).header("Link")).toBe(`<${PUBLIC}/a>; rel=next`);
  });
});

describe("does not pass:", () => {
  test.each<[string, string]>([
    ["Alt-Svc", 'h3=":443"; ma=2592000'],
    ["Alt-Used", "origin.internal"],
    ["Strict-Transport-Security", "max-age=0"],
    ["Public-Key-Pins", 'pin-sha256="x"; max-age=1'],
    ["Expect-CT", "max-age=86400, enforce"],
    ["Clear-Site-Data", '"cookies"'],
    ["Origin-Agent-Cluster", "?1"],
    ["NEL", '{"report_to":"default","max_age":1}'],
    ["Report-To", '{"group":"default","max_age":1,"endpoints":[]}'],
    ["Accept-CH", "Sec-CH-UA"],
    ["Critical-CH", "Sec-CH-UA"],
    ["Via", "1.1 origin.internal"],
    ["Proxy-Status", "origin.internal; error=connection_timeout"],
    ["Cache-Status", "origin.internal; hit"],
    ["Warning", '110 origin.internal "Response is Stale"'],
    ["Forwarded", "host=origin.internal"],
    ["URI", "<http://origin.internal/>"],
    ["Proxy-Authentication-Info", 'nextnonce="x"'],
    ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
  ])("%s", async (name, value) => {
    expect(valuesOf(await received([[name, value]]), name)).toEqual([]);
  });
});

describe("passes as it is:", () => {
  test.each<[string, string]>([
    ["Location", "/v1/posts/1"],
    ["Location", "https://octopost.ink/login"],
    ["Link", '</v1/posts?page=2>; rel="next"'],
    ["Link", '<https://docs.octopost.ink/>; rel="help"; title="see \\"<x>\\""'],
    ["Content-Location", "posts/1"],
    ["Refresh", "5"],
    ["Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax"],
    ["Server", "nginx/1.29"],
    ["X-Powered-By", "Express"],
    ["Age", "7"],
    ["Server-Timing", "db;dur=53"],
    ["WWW-Authenticate", 'Bearer error="insufficient_scope"'],
    ["Access-Control-Allow-Origin", "*"],
    ["Vary", "Origin, Accept"],
  ])("%s: %s", async (name, value) => {
    expect(valuesOf(await received([[name, value]]), name)).toEqual([value]);
  });
});

test.each(["evil.example", "evil.example:8443", "127.0.0.1", "api.public.example.evil.example"])(
  "the client's Host (%s) is in no address, neither to the origin nor to the client",
  async (host) => {
    const response = await received([["Location", `${origin}/v1/posts/1`]], 201, host);
    expect(response.header("Location")).toBe(`${PUBLIC}/v1/posts/1`);
    const [request] = cluster.live.requests;
    expect(request?.header("X-Forwarded-Host")).toBe(HOST);
    expect(request?.header("X-Forwarded-Proto")).toBe("https");
    expect(request?.rawHeaders.flat().join()).not.toContain("evil.example");
  },
);

test("without any of it in its way: no header of a whole response names the origin", async () => {
  const everything: Header[] = [
    ["Location", `${origin}/a`],
    ["Content-Location", `${origin}/b`],
    ["Link", `<${origin}/c>; rel=next, <${origin}/d>; rel=prev; anchor="${origin}/e"`],
    ["Refresh", `1;url='${origin}/f'`],
    ["Alt-Svc", `h2="${originHost}"`],
    ["Via", `1.1 ${originHost}`],
    ["X-Served-By", originHost],
    ["X-Callback", `//${originHost}/g`],
    ["Set-Cookie", `a=1; Domain=${originHost.split(":")[0]}`],
    ["Reporting-Endpoints", `a="${origin}/h", b="/i"`],
  ];
  const response = await received(everything, 201);
  expect(response.headers.flat().join("\n")).not.toContain(originHost);
  expect(response.headers.flat().join("\n")).not.toContain("127.0.0.1");
});
