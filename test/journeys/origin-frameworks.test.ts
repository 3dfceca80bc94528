/**
 * Real origins behind the gateway: Express 5, Fastify, Hono and plain Node.
 *
 * The promise: whatever such an origin answers, the client gets it as the origin itself sent it: the same status and
 * reason, the same header bytes, the same body bytes. The differences are those that DESIGN.md names, and
 * CHANGED_BY_THE_GATEWAY lists every one of them.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { type Header, type RawRequest, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { ETAG, LAST_MODIFIED, POSTS_JSON } from "./framework-origins/content.ts";
import { FRAMEWORKS, type FrameworkOrigin, startFrameworkOrigin } from "./framework-origins/start.ts";

/** Lower-case names of headers that differ from the origin's own, and why. */
const CHANGED_BY_THE_GATEWAY: ReadonlyMap<string, string> = new Map([
  ["connection", "of one connection (RFC 9110 §7.6.1)"],
  ["keep-alive", "of one connection"],
  ["transfer-encoding", "of one connection; a small body that came in chunks leaves with its length"],
  ["content-length", "framing: see transfer-encoding; a 304 needs none"],
  ["cache-control", "private, no-store unless the origin says private or no-store: checked below"],
  ["x-request-id", "the gateway's"],
  ["date", "the two answers are made at two moments: checked to be there"],
]);

let origins: FrameworkOrigin[];
let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  origins = await Promise.all(FRAMEWORKS.map(startFrameworkOrigin));
  cluster = await startCluster({
    gateways: FRAMEWORKS.length,
    gatewaySettings: origins.map(({ url }) => ({ LIVE_ORIGIN: url })),
  });
  key = await cluster.createKey();
});
afterAll(async () => {
  await cluster.close();
  await Promise.all(origins.map((origin) => origin.close()));
});

interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly Header[];
  readonly body?: RawRequest["body"];
}

const JSON_TYPE: Header = ["Content-Type", "application/json"];
const BINARY: Header = ["Content-Type", "application/octet-stream"];
const MANY_BYTES = 300_000;

async function* pieces(): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 4; piece++) yield Buffer.alloc(MANY_BYTES / 4, `piece ${piece} `);
}

const REQUESTS: readonly [name: string, sent: () => Sent, status: number | readonly number[]][] = [
  ["JSON", () => ({}), 200],
  ["HEAD of JSON", () => ({ method: "HEAD" }), 200],
  ["a stale validator", () => ({ headers: [["If-None-Match", '"another"']] }), 200],
  ["a file", () => ({ target: "/file" }), 200],
  ["HEAD of a file", () => ({ method: "HEAD", target: "/file" }), 200],
  [
    "a file since its date",
    () => ({ target: "/file", headers: [["If-Modified-Since", LAST_MODIFIED]] }),
    304,
  ],
  ["a range", () => ({ target: "/file", headers: [["Range", "bytes=100-199"]] }), 206],
  ["the last bytes", () => ({ target: "/file", headers: [["Range", "bytes=-500"]] }), 206],
  ["an open range", () => ({ target: "/file", headers: [["Range", "bytes=9000-"]] }), 206],
  [
    "HEAD of a range",
    () => ({ method: "HEAD", target: "/file", headers: [["Range", "bytes=0-9"]] }),
    [200, 206],
  ],
  ["several ranges", () => ({ target: "/file", headers: [["Range", "bytes=0-9,100-109"]] }), [200, 206]],
  ["a range past the end", () => ({ target: "/file", headers: [["Range", "bytes=20000-"]] }), 416],
  [
    "an outdated If-Range",
    () => ({
      target: "/file",
      headers: [
        ["Range", "bytes=0-9"],
        ["If-Range", '"old"'],
      ],
    }),
    200,
  ],
  ["gzip", () => ({ target: "/gzip", headers: [["Accept-Encoding", "gzip"]] }), 200],
  ["HEAD of gzip", () => ({ method: "HEAD", target: "/gzip", headers: [["Accept-Encoding", "gzip"]] }), 200],
  ["no coding", () => ({ target: "/gzip", headers: [["Accept-Encoding", "identity"]] }), 200],
  ["no word on codings", () => ({ target: "/gzip" }), 200],
  ["JSON in several chunks", () => ({ target: "/chunked" }), 200],
  ["HEAD of chunks", () => ({ method: "HEAD", target: "/chunked" }), 200],
  ["a large body", () => ({ target: "/large" }), 200],
  ["server-sent events", () => ({ target: "/events", headers: [["Accept", "text/event-stream"]] }), 200],
  ["a Latin-1 file name", () => ({ target: "/download" }), 200],
  ["several cookies", () => ({ target: "/cookies" }), 200],
  ["a redirect", () => ({ target: "/moved" }), 308],
  ["a fault of the origin", () => ({ target: "/broken" }), 500],
  ["an unknown route", () => ({ target: "/unknown" }), [404, 500]],
  ["JSON sent", () => ({ method: "POST", headers: [JSON_TYPE], body: POSTS_JSON }), 201],
  ["malformed JSON sent", () => ({ method: "POST", headers: [JSON_TYPE], body: "{" }), [201, 400, 500]],
  [
    "bytes sent",
    () => ({ method: "PUT", target: "/echo", headers: [BINARY], body: Buffer.alloc(MANY_BYTES, "x") }),
    [200, 201],
  ],
  [
    "bytes sent in chunks",
    () => ({ method: "PUT", target: "/echo", headers: [BINARY], body: pieces() }),
    [200, 201],
  ],
  ["a deletion", () => ({ method: "DELETE", target: "/one" }), 204],
];

describe.each(FRAMEWORKS.map((name, index) => [name, index] as const))("%s", (_, index) => {
  test.each(REQUESTS)("%s", async (_, sent, status) => {
    const { direct, through } = await askBoth(index, sent);
    expect([status].flat()).toContain(direct.status);
    expectSame(through, direct);
  });

  test.each(["", 'W/"x", ', '"a", "b", '])(
    "the current validator after `%s` is answered 304",
    async (before) => {
      const etag = (await askBoth(index, () => ({}))).direct.header("ETag") ?? "";
      const headers: Header[] = [["If-None-Match", `${before}${etag}`]];
      const { direct, through } = await askBoth(index, () => ({ headers }));
      expect(direct.status).toBe(304);
      expectSame(through, direct);
    },
  );

  test("a file's validator is answered 304, and as If-Range with the range", async () => {
    const etag = (await askBoth(index, () => ({ target: "/file" }))).direct.header("ETag") ?? ETAG;
    const none: Header[] = [["If-None-Match", etag]];
    const current = await askBoth(index, () => ({ target: "/file", headers: none }));
    expect(current.direct.status).toBe(304);
    expectSame(current.through, current.direct);

    const range: Header[] = [
      ["Range", "bytes=0-9"],
      ["If-Range", LAST_MODIFIED],
    ];
    const part = await askBoth(index, () => ({ target: "/file", headers: range }));
    expect(part.direct.status).toBe(206);
    expectSame(part.through, part.direct);
  });

  test("a client's own no-cache reaches the origin", async () => {
    const etag = (await askBoth(index, () => ({}))).direct.header("ETag") ?? "";
    const headers: Header[] = [
      ["If-None-Match", etag],
      ["Cache-Control", "no-cache"],
    ];
    const { direct, through } = await askBoth(index, () => ({ headers }));
    expectSame(through, direct);
  });
});

/** The same request, sent to the origin itself and to the gateway before it. */
async function askBoth(
  index: number,
  sent: () => Sent,
): Promise<{ direct: RawResponse; through: RawResponse }> {
  const origin = origins[index] as FrameworkOrigin;
  const { method = "GET", target = "", headers = [], body } = sent();
  const request = { method, target: `/v1/posts${target}`, headers, ...(body === undefined ? {} : { body }) };
  const direct = await rawRequest(origin, request);
  // A body that is an iterable is spent.
  const again = sent().body;
  const through = await rawRequest(cluster.gateway(index), {
    ...request,
    headers: [["Authorization", `Bearer ${key.secret}`], ...headers],
    ...(again === undefined ? {} : { body: again }),
  });
  return { direct, through };
}

function expectSame(through: RawResponse, direct: RawResponse): void {
  expect(through.ended).toBe("complete");
  expect(partsOf(through)).toEqual(partsOf(direct));
  expect(through.body.equals(direct.body)).toBe(true);
  expect(through.header("Date") === undefined).toBe(direct.header("Date") === undefined);
  const said = direct.header("Cache-Control") ?? "";
  const isPrivate = /private|no-store/.test(said);
  expect(through.header("Cache-Control")).toBe(isPrivate ? said : "private, no-store");
}

function partsOf({ status, reason, headers }: RawResponse) {
  const compared = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !CHANGED_BY_THE_GATEWAY.has(name))
    // The order of different headers says nothing (RFC 9110 §5.3); that of equal ones is kept by the sort.
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return { status, reason, headers: compared };
}
