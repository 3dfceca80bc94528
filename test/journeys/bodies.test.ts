/**
 * Bodies and their framing, in both directions.
 *
 * Promise: a body with a Content-Length is forwarded with it, a chunked body chunked unless it is gathered, and every byte is
 * unchanged, compressed or not. streaming.test.ts covers streaming, framing.test.ts broken framing.
 */

import { createHash } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { gzipped, large, reply, trickle } from "../support/origin-behaviours.ts";
import {
  type Header,
  RawConnection,
  type RawRequest,
  type RawResponse,
  rawRequest,
} from "../support/raw-http.ts";
import type { RecordedRequest, Respond } from "../support/recording-origin.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";

const MANY_BYTES = 5 * 1024 * 1024;
const CHUNKED: Header[] = [["Transfer-Encoding", "chunked"]];

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  key = await cluster.createKey();
});
beforeEach(() => cluster.live.clear());

interface Sent {
  readonly target?: string;
  readonly headers?: readonly Header[];
  readonly body?: RawRequest["body"];
}

function send(method: string, { target = "/v1/posts", headers = [], body }: Sent = {}): Promise<RawResponse> {
  const all: Header[] = [["Authorization", `Bearer ${key.secret}`], ...headers];
  return rawRequest(cluster.gateway(0), {
    method,
    target,
    headers: all,
    ...(body === undefined ? {} : { body }),
  });
}

/** The origin's record of a request that was answered with 200. */
async function received(method: string, sent?: Sent): Promise<RecordedRequest> {
  expect((await send(method, sent)).status).toBe(200);
  expect(cluster.live.requests).toHaveLength(1);
  return cluster.live.requests[0] as RecordedRequest;
}

/** The client's response when the origin responds like this. */
async function answered(respond: Respond, method = "GET", sent?: Sent): Promise<RawResponse> {
  cluster.live.respond = respond;
  const response = await send(method, sent);
  expect(response.ended).toBe("complete");
  return response;
}

async function* pieces(...list: (string | Buffer)[]): AsyncGenerator<string | Buffer> {
  yield* list;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a request's body", () => {
  test.each([
    ["POST", "/v1/posts"],
    ["PUT", "/v1/posts/post_1"],
    ["DELETE", "/v1/posts/post_1"],
  ])("of a %s keeps its Content-Length", async (method, target) => {
    const request = await received(method, { target, body: "hello" });
    expect(request.header("Content-Length")).toBe("5");
    expect(request.header("Transfer-Encoding")).toBeUndefined();
    expect(request.body?.toString()).toBe("hello");
  });

  test.each([
    ["POST", "/v1/posts"],
    ["PUT", "/v1/posts/post_1"],
    ["DELETE", "/v1/posts/post_1"],
  ])("of a chunked %s stays chunked", async (method, target) => {
    const request = await received(method, { target, body: pieces("hel", "lo") });
    expect(request.header("Transfer-Encoding")).toBe("chunked");
    expect(request.header("Content-Length")).toBeUndefined();
    expect(request.body?.toString()).toBe("hello");
  });

  test.each([
    ["GET", "/v1/posts"],
    ["POST", "/v1/posts/post_1/publish"],
    ["PUT", "/v1/posts/post_1"],
    ["DELETE", "/v1/posts/post_1"],
  ])("a %s without a body reaches the origin without one", async (method, target) => {
    const request = await received(method, { target });
    expect(request.header("Transfer-Encoding")).toBeUndefined();
    expect(request.header("Content-Length") ?? "0").toBe("0");
    expect(request.bodyLength).toBe(0);
  });

  test.each<[string, Sent]>([
    ["Content-Length: 0", { headers: [["Content-Length", "0"]] }],
    ["no chunks", { body: pieces() }],
  ])("may be empty: %s", async (_, sent) => {
    const request = await received("POST", sent);
    expect([request.bodyLength, request.bodyComplete]).toEqual([0, true]);
  });

  test.each<[string, Buffer, string]>([
    ["gzip", gzipSync("hello ".repeat(1000)), "gzip"],
    ["brotli", brotliCompressSync("hello ".repeat(1000)), "br"],
    ["every byte there is", Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256)), "identity"],
  ])("of %s arrives unchanged", async (_, body, coding) => {
    const request = await received("POST", { body, headers: [["Content-Encoding", coding]] });
    expect(request.header("Content-Encoding")).toBe(coding);
    expect(request.body?.equals(body)).toBe(true);
  });

  test("of megabytes arrives unchanged, with a length and chunked", async () => {
    const body = Buffer.alloc(MANY_BYTES, "megabytes of posts, ");
    const quarters = [0, 1, 2, 3].map((i) => body.subarray((i * MANY_BYTES) / 4, ((i + 1) * MANY_BYTES) / 4));
    for (const sent of [body, pieces(...quarters)]) {
      cluster.live.clear();
      expect((await received("POST", { body: sent })).bodySha256).toBe(sha256(body));
    }
  });

  test.each<[string, Sent]>([
    ["GET with a Content-Length", { body: "hello" }],
    // Written at once, because a reset can lose the answer to a client that is still writing.
    ["GET with chunks", { headers: CHUNKED, body: "5\r\nhello\r\n0\r\n\r\n" }],
    ["GET with chunks but nothing in them", { headers: CHUNKED, body: "0\r\n\r\n" }],
  ])("of a %s gets 400 bad_request, and is not forwarded", async (_, sent) => {
    const response = await send("GET", sent);
    expect([response.status, JSON.parse(response.body.toString()).code]).toEqual([400, "bad_request"]);
    expect((await send("HEAD", { body: "hello" })).status).toBe(400);
    expect(cluster.live.requests).toEqual([]);
  });
});

describe("a response's body", () => {
  const bytes = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));

  test("keeps its Content-Length", async () => {
    const response = await answered(reply(200, [], bytes));
    expect(response.header("Content-Length")).toBe("1024");
    expect(response.header("Transfer-Encoding")).toBeUndefined();
    expect(response.body.equals(bytes)).toBe(true);
  });

  test("that is chunked stays chunked, unless it is small and therefore gathered", async () => {
    const large = "x".repeat(50_000);
    const response = await answered(trickle([large, "lo"], 0));
    expect(response.header("Transfer-Encoding")).toBe("chunked");
    expect(response.header("Content-Length")).toBeUndefined();
    expect(response.body.toString()).toBe(`${large}lo`);

    const gathered = await answered(trickle(["hel", "lo"], 0));
    expect(gathered.header("Transfer-Encoding")).toBeUndefined();
    expect(gathered.header("Content-Length")).toBe("5");
    expect(gathered.body.toString()).toBe("hello");
  });

  test("that ends with the connection is complete after a clean close", async () => {
    const response = await answered((_request, { socket }) => {
      socket?.end("HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nhello");
    });
    expect(response.body.toString()).toBe("hello");
  });

  test.each<[string, Respond]>([
    ["Content-Length: 0", reply(200)],
    ["no chunks", trickle([], 0)],
  ])("may be empty: %s", async (_, respond) => {
    expect((await answered(respond)).bodyLength).toBe(0);
  });

  test("of megabytes arrives unchanged, with a length and chunked", async () => {
    for (const contentLength of [true, false]) {
      const response = await answered(large(MANY_BYTES, { contentLength }));
      expect(response.header("Content-Length")).toBe(contentLength ? String(MANY_BYTES) : undefined);
      expect(response.bodyLength).toBe(MANY_BYTES);
      // The bytes that `large` repeats.
      const piece = Buffer.alloc(64 * 1024, "octopost ");
      expect(sha256(response.body)).toBe(sha256(Buffer.concat(Array(MANY_BYTES / piece.length).fill(piece))));
    }
  });

  test.each<[string, Header[]]>([
    ["asked for gzip", [["Accept-Encoding", "gzip"]]],
    ["asked for nothing", []],
  ])("of gzip arrives unchanged when the client %s", async (_, headers) => {
    const text = "hello ".repeat(1000);
    const response = await answered(gzipped(text), "GET", { headers });
    expect(response.header("Content-Encoding")).toBe("gzip");
    expect(response.header("ETag")).toBe('"gzipped"');
    expect(response.body.equals(gzipSync(text))).toBe(true);
  });

  test("of brotli arrives unchanged, with a length and chunked", async () => {
    const body = brotliCompressSync("hello ".repeat(1000));
    const headers: Header[] = [["Content-Encoding", "br"]];
    const whole = await answered(reply(200, headers, body));
    expect(whole.body.equals(body)).toBe(true);
    const chunked = await answered((_request, response) => {
      response.writeHead(200, headers.flat());
      response.write(body.subarray(0, 10));
      response.end(body.subarray(10));
    });
    expect(chunked.body.equals(body)).toBe(true);
  });

  test("of a range (206) keeps its range headers", async () => {
    const headers: Header[] = [
      ["Content-Range", "bytes 2-5/10"],
      ["Accept-Ranges", "bytes"],
    ];
    const response = await answered(reply(206, headers, "2345"), "GET", {
      headers: [["Range", "bytes=2-5"]],
    });
    expect(cluster.live.requests[0]?.header("Range")).toBe("bytes=2-5");
    expect([response.status, response.body.toString()]).toEqual([206, "2345"]);
    for (const [name, value] of headers) expect(response.header(name)).toBe(value);
  });

  test("to HEAD has the length and no body", async () => {
    const response = await answered(reply(200, [["ETag", '"a"']], "hello"), "HEAD");
    expect([response.status, response.header("Content-Length"), response.header("ETag")]).toEqual([
      200,
      "5",
      '"a"',
    ]);
    expect(cluster.live.requests[0]?.method).toBe("HEAD");
  });

  test.each([204, 304])("a %i has no body, and keeps its headers", async (status) => {
    const response = await answered(
      (_request, answer) => void answer.writeHead(status, ["ETag", '"a"']).end(),
    );
    expect([response.status, response.header("ETag"), response.bodyLength]).toEqual([status, '"a"', 0]);
  });

  test("leaves the connection usable for the next request", async () => {
    const connection = await RawConnection.open(cluster.gateway(0));
    const headers: Header[] = [["Authorization", `Bearer ${key.secret}`]];
    const respond: Respond[] = [
      reply(200, [], "one"),
      trickle(["t", "wo"], 0),
      reply(204),
      reply(304),
      reply(200),
    ];
    for (const [index, behaviour] of respond.entries()) {
      cluster.live.respond = behaviour;
      const response = await connection.request({ method: "GET", target: "/v1/posts", headers });
      expect([response.ended, response.body.toString()]).toEqual([
        "complete",
        ["one", "two", "", "", ""][index],
      ]);
    }
    connection.close();
  });
});
