/**
 * The origin fails.
 *
 * Promise: a refused connection or an invalid response is 502, silence is 504, and the origin's own errors pass unchanged.
 * Nothing is retried, because the gateway cannot know what a request has already done.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { garbage, neverAnswer, partialBody, reply, resetConnection } from "../support/origin-behaviours.ts";
import { type Header, RawConnection, type RawResponse, rawRequest } from "../support/raw-http.ts";
import type { Respond } from "../support/recording-origin.ts";

const ORIGIN_TIMEOUT_MS = 1500;
/** The gateway with that time limit. */
const SHORT_TIMEOUT = 1;
const BAD_GATEWAY = [502, '{"error":"Bad gateway","code":"bad_gateway"}'];

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, gatewaySettings: [{}, { ORIGIN_TIMEOUT_MS }] });
  key = await cluster.createKey();
});
afterAll(() => cluster.close());
beforeEach(() => cluster.live.clear());

interface Sent {
  readonly method?: string;
  readonly secret?: string;
  readonly body?: string;
  readonly gateway?: number;
}

function send({ method = "GET", secret = key.secret, body, gateway = 0 }: Sent = {}): Promise<RawResponse> {
  const headers: Header[] = [["Authorization", `Bearer ${secret}`]];
  const request = { method, target: "/v1/posts", headers, ...(body === undefined ? {} : { body }) };
  return rawRequest(cluster.gateway(gateway), request);
}

/** Outside what RFC 9110 §15 and §6 and RFC 9112 §6 allow, and let through by the platform. */
const INVALID_RESPONSES: readonly (readonly [name: string, bytes: string])[] = [
  ...[600, 700, 999].map(
    (status) => [`sends the status ${status}`, `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`] as const,
  ),
  ["sends 204 with content", "HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\nok"],
  ["sends 204 in chunks", "HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
  ["sends 205 with content", "HTTP/1.1 205 R\r\nContent-Length: 2\r\n\r\nok"],
  ["sends only an interim response", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  [
    "sends a transfer coding that was not accepted",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  ],
  ["sends an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok"],
  [
    "asks for a proxy's credential",
    "HTTP/1.1 407 P\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
  ],
  ["calls the gateway misdirected", "HTTP/1.1 421 M\r\nContent-Length: 0\r\n\r\n"],
  ["asks the gateway for another protocol", "HTTP/1.1 426 U\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"],
];

function raw(bytes: string): Respond {
  return (_request, { socket }) => void socket?.end(Buffer.from(bytes, "latin1"));
}

describe("502 bad_gateway, after one attempt, when the origin", () => {
  const head = "HTTP/1.1 200 OK\r\n";
  test.each<[string, Respond]>([
    ["closes the connection without an answer", raw("")],
    ["resets it", resetConnection()],
    ["sends bytes that are not HTTP", garbage()],
    ["sends half a head", raw(`${head}X-A: 1`)],
    ["sends a broken status line", raw("HTTP/1.1 OK\r\n\r\n")],
    ["sends an invalid status", raw("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n")],
    ["sends a header without a colon", raw(`${head}Bad Header\r\nContent-Length: 0\r\n\r\n`)],
    ["sends a zero byte in a header", raw(`${head}X-A: a\0b\r\nContent-Length: 0\r\n\r\n`)],
    ["sends two lengths", raw(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`)],
    ["sends a negative length", raw(`${head}Content-Length: -1\r\n\r\n`)],
    ["switches protocols unasked", raw("HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc")],
    ["sends a megabyte of headers", reply(200, headersOf(1024))],
    ...INVALID_RESPONSES.map(([name, bytes]): [string, Respond] => [name, raw(bytes)]),
  ])("%s", async (_, respond) => {
    for (const sent of [{}, { method: "POST", body: "hello" }]) {
      cluster.live.clear();
      cluster.live.respond = respond;
      const response = await send(sent);
      expect([response.status, response.body.toString()]).toEqual(BAD_GATEWAY);
      expect(response.header("Cache-Control")).toBe("no-store");
      expect((await logLineOf(cluster, response)).reason).toMatch(/^origin_/);
      expect(cluster.logs.filter((line) => line.includes("exception"))).toEqual([]);
      expect(cluster.live.requests).toHaveLength(1);
    }
  });

  // Without content the platform does not look at the length.
  test.each([
    ["not a number", "abc"],
    ["negative", "-1"],
    ["signed", "+5"],
    ["hexadecimal", "0x5"],
    ["a fraction", "5.0"],
    ["two lengths", "1, 2"],
    ["two lengths, of which one is none", "5, x"],
  ])("announces a length that is %s (%s), whatever the method and status", async (_, length) => {
    for (const [method, status] of [
      ["GET", 200],
      ["HEAD", 200],
      ["HEAD", 404],
      ["GET", 304],
      ["HEAD", 304],
    ] as const) {
      cluster.live.respond = raw(`HTTP/1.1 ${status} X\r\nContent-Length: ${length}\r\n\r\n`);
      const response = await send({ method });
      expect([method, status, response.status]).toEqual([method, status, 502]);
      expect((await logLineOf(cluster, response)).reason).toMatch(/^origin_/);
    }
  });

  test("refuses the connection", async () => {
    const testKey = await cluster.createKey({ mode: "test" });
    await cluster.sandbox.close();
    const response = await send({ secret: testKey.secret });
    expect([response.status, response.body.toString()]).toEqual(BAD_GATEWAY);
    expect(cluster.live.requests).toEqual([]);
  });

  test("closes a connection that served a request before", async () => {
    expect((await send()).status).toBe(200);
    cluster.live.respond = resetConnection();
    expect((await send()).status).toBe(502);
    expect(cluster.live.requests).toHaveLength(2);
  });
});

test("an invalid response is 502 with the rate-limit headers of its key", async () => {
  const account = "limited";
  await cluster.control("PUT", `/accounts/${account}`, { tier: "free" });
  const { secret } = await cluster.createKey({ account });
  for (const [, bytes] of INVALID_RESPONSES) {
    cluster.live.respond = raw(bytes);
    const response = await send({ secret });
    expect([response.status, response.body.toString()]).toEqual(BAD_GATEWAY);
    expect(response.header("X-RateLimit-Limit")).toBe("60");
    expect(response.header("RateLimit-Policy")).toBe('"requests";q=60;w=60');
  }
});

describe("a valid response that is unusual", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  test.each<[string, string, number, string]>([
    ["204 with a length of zero", "HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n", 204, ""],
    ["205 without content", "HTTP/1.1 205 R\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 205, ""],
    ["304 with a length", "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", 304, ""],
    ["an unregistered status", "HTTP/1.1 599 X\r\nContent-Length: 2\r\n\r\nok", 599, "ok"],
    ["a tab in the reason", "HTTP/1.1 200 a\tb\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
    ["no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
    ["Latin-1 in the reason", "HTTP/1.1 200 r\xe9ussi\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
    ["one length in two headers", `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, 200, "ok"],
    [
      "a length and chunks",
      `${ok}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      200,
      "ok",
    ],
    ["an unknown content coding", `${ok}Content-Encoding: bogus\r\nContent-Length: 2\r\n\r\nok`, 200, "ok"],
    [
      "an interim response first",
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}Content-Length: 2\r\n\r\nok`,
      200,
      "ok",
    ],
    [
      "two interim responses first",
      `HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\n\r\n${ok}Content-Length: 2\r\n\r\nok`,
      200,
      "ok",
    ],
    ["100 unasked", `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 2\r\n\r\nok`, 200, "ok"],
    [
      "trailers",
      `${ok}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`,
      200,
      "ok",
    ],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
    [
      "more bytes than announced",
      `${ok}Content-Length: 2\r\n\r\nok${ok}Content-Length: 4\r\n\r\nevil`,
      200,
      "ok",
    ],
    ["2,000 headers", `${ok}${"X-A: 1\r\n".repeat(2000)}Content-Length: 2\r\n\r\nok`, 200, "ok"],
  ])("(%s) reaches the client, and the next request gets its own", async (_, bytes, status, body) => {
    cluster.live.respond = raw(bytes);
    const response = await send();
    expect([response.status, response.ended, response.body.toString()]).toEqual([status, "complete", body]);
    cluster.live.clear();
    expect(JSON.parse((await send()).body.toString()).origin).toBe("live");
  });

  test("(a length beyond what a number can say) reaches the client, and is never complete", async () => {
    for (const length of ["9007199254740993", "9223372036854775807"]) {
      cluster.live.respond = raw(`${ok}Content-Length: ${length}\r\n\r\nok`);
      const response = await send();
      expect([response.status, response.ended, response.body.toString()]).toEqual([200, "aborted", "ok"]);
    }
  });

  test("(bytes after the end, on a connection that stays open) is not mixed up with the next response", async () => {
    const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    const ends = [`${ok}Content-Length: 2\r\n\r\nok`, "HTTP/1.1 204 N\r\n\r\n", "HTTP/1.1 304 N\r\n\r\n"];
    for (const method of ["GET", "HEAD"]) {
      for (const end of ends) {
        cluster.live.respond = (_request, { socket }) => void socket?.write(end + evil);
        await send({ method });
        cluster.live.clear();
        expect(JSON.parse((await send()).body.toString()).origin).toBe("live");
      }
    }
  });
});

describe("passes unchanged", () => {
  test.each([500, 501, 502, 503, 504])("a %i of the origin, after one attempt", async (status) => {
    cluster.live.respond = reply(status, [["Retry-After", "7"]], "the origin's words");
    const response = await send({ method: "POST", body: "hello" });
    expect([response.status, response.body.toString()]).toEqual([status, "the origin's words"]);
    expect(response.header("Retry-After")).toBe("7");
    expect(cluster.live.requests).toHaveLength(1);
  });

  test("headers of 64 kB", async () => {
    const headers = headersOf(64);
    cluster.live.respond = reply(200, headers, "body");
    const response = await send();
    expect([response.status, response.body.toString()]).toEqual([200, "body"]);
    for (const [name, value] of headers) expect(response.header(name)).toBe(value);
  });

  test("the final response without the interim ones", async () => {
    cluster.live.respond = (_request, response) => {
      response.writeContinue();
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.end("body");
    };
    const response = await send();
    expect([response.status, response.body.toString()]).toEqual([200, "body"]);
    expect(response.header("Link")).toBeUndefined();
  });
});

test("a response with both a length and chunks is never truncated and called complete", async () => {
  cluster.live.respond = raw(
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
  );
  const response = await send();
  // RFC 9112, section 6.3: chunks override the length, or the message is refused.
  if (response.status === 200 && response.ended === "complete") expect(response.body.toString()).toBe("ab");
  else expect([response.status, response.ended]).not.toEqual([200, "complete"]);
});

test("service recovers with the origin", async () => {
  for (const respond of [resetConnection(), garbage(), partialBody("half", "reset")]) {
    cluster.live.respond = respond;
    await send();
    cluster.live.clear();
    expect((await send()).status).toBe(200);
  }
});

describe("with a time limit", () => {
  test("silence is 504 gateway_timeout after one attempt, and the connection is closed", async () => {
    cluster.live.respond = neverAnswer();
    const response = await send({ gateway: SHORT_TIMEOUT });
    expect(response.status).toBe(504);
    expect(response.body.toString()).toBe('{"error":"Gateway timeout","code":"gateway_timeout"}');
    const request = await cluster.live.arrived();
    await request.closed;
    expect(request.aborted).toBe(true);
    expect(cluster.live.requests).toHaveLength(1);
  });

  test("an upload that the origin does not read gets 504 and is aborted", async () => {
    cluster.live.respond = neverAnswer({ readBody: false });
    const connection = await RawConnection.open(cluster.gateway(SHORT_TIMEOUT));
    const exchange = connection.expect("POST");
    await connection.write(
      `POST /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.secret}\r\nContent-Length: 9\r\n\r\nhalf`,
    );
    const response = await exchange.response();
    expect(response.status).toBe(504);
    expect(cluster.live.requests).toHaveLength(1);
    connection.close();
  });

  test("a body has no time limit once the headers have arrived", async () => {
    const end = Promise.withResolvers<void>();
    cluster.live.respond = async (_request, response) => {
      response.writeHead(200);
      response.write("first");
      await end.promise;
      response.end("last");
    };
    const connection = await RawConnection.open(cluster.gateway(SHORT_TIMEOUT));
    const headers: Header[] = [["Authorization", `Bearer ${key.secret}`]];
    const exchange = connection.send({ method: "GET", target: "/v1/posts", headers });
    await exchange.bodyReached(5);
    await new Promise((resolve) => setTimeout(resolve, 2 * ORIGIN_TIMEOUT_MS));
    end.resolve();
    const response = await exchange.response();
    expect([response.ended, response.body.toString()]).toEqual(["complete", "firstlast"]);
    connection.close();
  });
});

/** Headers of about that many kilobytes. */
function headersOf(kilobytes: number): Header[] {
  return Array.from({ length: kilobytes }, (_, i) => [`X-Large-${i}`, "x".repeat(1000)]);
}
