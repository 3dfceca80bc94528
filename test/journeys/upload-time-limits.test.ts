/**
 * How long an upload may take, and how long the origin may take after it.
 *
 * The promise: `ORIGIN_TIMEOUT_MS` counts from the end of the upload. An upload may take as long as it likes while it
 * moves; one that stands still that long is 504, whichever side stands still.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { neverAnswer, reply } from "../support/origin-behaviours.ts";
import { type Header, RawConnection, type RawResponse, rawRequest } from "../support/raw-http.ts";
import type { Respond } from "../support/recording-origin.ts";

const ORIGIN_TIMEOUT_MS = 1200;
const PIECE = Buffer.alloc(1024, "a piece, ");
const PIECES = 30;
const EVERY_MS = 100;
const TIMEOUT_BODY = '{"error":"Gateway timeout","code":"gateway_timeout"}';

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ settings: { ORIGIN_TIMEOUT_MS } });
  key = await cluster.createKey();
});
afterAll(() => cluster.close());

let uploads = 0;
/** The target of one test's uploads, because the tests run concurrently. */
function newTarget(): string {
  return `/v1/posts?upload=${++uploads}`;
}

/** `pieces` at an even pace; `then` keeps the end of the body back. */
async function* slowly(pieces: number, everyMs: number, then: Promise<unknown> = Promise.resolve()) {
  for (let piece = 0; piece < pieces; piece++) {
    yield PIECE;
    await pause(everyMs);
  }
  await then;
}

function upload(
  body: AsyncIterable<Buffer>,
  headers: readonly Header[] = [],
  target = newTarget(),
): Promise<RawResponse> {
  const all: Header[] = [["Authorization", `Bearer ${key.secret}`], ...headers];
  return rawRequest(cluster.gateway(0), { method: "POST", target, headers: all, body });
}

/** Half a time limit after the end of the upload. */
const answerLate: Respond = async (request, response, record) => {
  await record.received;
  await pause(ORIGIN_TIMEOUT_MS / 2);
  await reply(200, [], "late")(request, response, record);
};

const FRAMINGS: [string, (bytes: number) => Header[]][] = [
  ["in chunks", () => []],
  ["with a length", (bytes) => [["Content-Length", String(bytes)]]],
];

describe.concurrent.each(FRAMINGS)("an upload %s", (_, framing) => {
  test.each([
    ["larger than what is gathered", PIECES * 2, EVERY_MS / 2],
    ["smaller", PIECES, EVERY_MS],
  ])("that takes more than twice the time limit succeeds (%s)", async (_name, pieces, everyMs) => {
    const target = newTarget();
    const response = await upload(slowly(pieces, everyMs), framing(pieces * PIECE.length), target);
    expect(response.status).toBe(200);
    expect(response.endedAt - response.startedAt).toBeGreaterThan(2 * ORIGIN_TIMEOUT_MS);
    expect(cluster.live.requestsAt(target)[0]?.bodyLength).toBe(pieces * PIECE.length);
  });

  test("leaves the origin the whole time limit after its end", async () => {
    const target = newTarget();
    cluster.live.respondAt(target, answerLate);
    const body = slowly(PIECES / 2, EVERY_MS);
    const response = await upload(body, framing((PIECES / 2) * PIECE.length), target);
    expect([response.status, response.body.toString()]).toEqual([200, "late"]);
  });

  test("that an origin leaves unanswered is 504, and not before the limit has passed since its end", async () => {
    const target = newTarget();
    cluster.live.respondAt(target, neverAnswer());
    const pieces = PIECES / 2;
    const response = await upload(slowly(pieces, EVERY_MS), framing(pieces * PIECE.length), target);
    expect([response.status, response.body.toString()]).toEqual([504, TIMEOUT_BODY]);
    const sinceStart = response.endedAt - response.startedAt;
    expect(sinceStart).toBeGreaterThan((pieces - 1) * EVERY_MS + ORIGIN_TIMEOUT_MS);
    expect(cluster.live.requestsAt(target)).toHaveLength(1);
  });

  test.each([
    ["before its first byte", 0],
    ["in the middle", 3],
  ])("that stands still %s is 504, and is never whole at the origin", async (_name, pieces) => {
    const target = newTarget();
    const connection = await RawConnection.open(cluster.gateway(0));
    const exchange = connection.expect("POST");
    const head = framing(100_000).map(([name, value]) => `${name}: ${value}\r\n`);
    const chunked = head.length === 0;
    const lines = [
      `POST ${target} HTTP/1.1\r\nHost: x\r\n`,
      `Authorization: Bearer ${key.secret}\r\n`,
      ...head,
    ];
    await connection.write(`${lines.join("")}${chunked ? "Transfer-Encoding: chunked\r\n" : ""}\r\n`);
    for (let piece = 0; piece < pieces; piece++) {
      await connection.write(chunked ? "400\r\n" : "");
      await connection.write(PIECE);
      await connection.write(chunked ? "\r\n" : "");
      await pause(EVERY_MS);
    }
    const response = await exchange.response();
    expect(response.status).toBe(504);
    expect(response.endedAt - response.startedAt).toBeGreaterThan(ORIGIN_TIMEOUT_MS);
    connection.close();
    for (const request of cluster.live.requestsAt(target)) {
      await request.closed;
      expect([request.bodyComplete, request.aborted]).toEqual([false, true]);
    }
  });

  test("is answered at once when the origin answers before its end", async () => {
    const target = newTarget();
    cluster.live.respondAt(target, reply(413, [], "too large"));
    const end = Promise.withResolvers<void>();
    const response = await upload(slowly(2, EVERY_MS, end.promise), framing(10 * PIECE.length), target);
    // The end of the body had not been sent, and no time limit had passed: that would be 504.
    end.resolve();
    expect([response.status, response.body.toString()]).toEqual([413, "too large"]);
  });
});

test.concurrent("a small upload with a length whose last byte comes late succeeds, and one that never comes is 504", async () => {
  const headers: Header[] = [["Content-Length", String(PIECE.length + 1)]];
  async function* lastByteAfter(ms: number) {
    yield PIECE;
    await pause(ms);
    yield Buffer.from("!");
  }
  expect((await upload(lastByteAfter(ORIGIN_TIMEOUT_MS / 2), headers)).status).toBe(200);
  expect((await upload(lastByteAfter(4 * ORIGIN_TIMEOUT_MS), headers)).status).toBe(504);
});

test("a large upload that the origin does not read is 504 once nothing moves any more", async () => {
  const target = newTarget();
  cluster.live.respondAt(target, neverAnswer({ readBody: false }));
  const bytes = 100 * 1024 * 1024;
  const big = Buffer.alloc(64 * 1024);
  async function* fast() {
    for (let sent = 0; sent < bytes; sent += big.length) yield big;
  }
  // In chunks: with a length, the rest of an upload that is fast at first has one longer time limit.
  const response = await upload(fast(), [], target);
  expect(response.status).toBe(504);
});

test("a large and fast upload arrives whole, and leaves the origin the whole time limit", async () => {
  const target = newTarget();
  cluster.live.respondAt(target, answerLate);
  const bytes = 60 * 1024 * 1024;
  const big = Buffer.alloc(1024 * 1024, "fast ");
  async function* fast() {
    for (let sent = 0; sent < bytes; sent += big.length) {
      yield big;
      await pause(8);
    }
  }
  const response = await upload(fast(), [["Content-Length", String(bytes)]], target);
  expect([response.status, response.body.toString()]).toEqual([200, "late"]);
  expect(cluster.live.requestsAt(target)[0]?.bodyLength).toBe(bytes);
});
