/**
 * Bodies are streamed, and a broken one never looks complete.
 *
 * Promise: the first bytes arrive before the last are sent, in both directions and every framing; an origin that breaks
 * off leaves the client with an aborted stream; a client that disconnects leaves the origin with a closed connection.
 * Backpressure is in backpressure.test.ts.
 */

import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { neverAnswer } from "../support/origin-behaviours.ts";
import { type Exchange, type Header, RawConnection } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

/** Headers of the origin, and the length of the body they announce; undefined: none. */
const FRAMINGS: [string, Header[]][] = [
  ["chunked", []],
  ["with a small length", [["Content-Length", "20"]]],
  ["with a large length", [["Content-Length", "1000000"]]],
];

let cluster: GatewayCluster;
let key: IssuedKey;
let connection: RawConnection;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  key = await cluster.createKey();
});
beforeEach(async () => {
  cluster.live.clear();
  connection = await RawConnection.open(cluster.gateway(0));
  return () => connection.close();
});

/** Lets the test itself write the origin's response. */
function originWaits(): Promise<ServerResponse> {
  return new Promise((resolve) => {
    cluster.live.respond = (_request, response) => resolve(response);
  });
}

function get(): Exchange {
  const headers: Header[] = [["Authorization", `Bearer ${key.secret}`]];
  return connection.send({ method: "GET", target: "/v1/posts", headers }, { keepBody: false });
}

/** Sends the head of an upload and the first part of its body. */
async function startUpload(framing: string, first: string): Promise<Exchange> {
  const exchange = connection.expect("POST");
  await connection.write(
    `POST /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.secret}\r\n${framing}\r\n\r\n${first}`,
  );
  return exchange;
}

const UPLOADS = [
  {
    name: "chunked",
    framing: "Transfer-Encoding: chunked",
    first: "5\r\nfirst\r\n",
    last: "4\r\nlast\r\n0\r\n\r\n",
  },
  { name: "with a length", framing: "Content-Length: 9", first: "first", last: "last" },
];

describe.each(UPLOADS)("an upload $name", ({ framing, first, last }) => {
  test("reaches the origin before the client has sent its last bytes", async () => {
    const exchange = await startUpload(framing, first);
    const request = await cluster.live.arrived();
    await eventually("the first bytes at the origin", () => request.bodyLength === 5);
    expect(request.bodyComplete).toBe(false);
    await connection.write(last);
    expect((await exchange.response()).status).toBe(200);
    expect(request.body?.toString()).toBe("firstlast");
  });

  test("is answered before it ends if the origin answers before", async () => {
    const origin = originWaits();
    const exchange = await startUpload(framing, first);
    (await origin).writeHead(413, { "Content-Length": 9 }).end("too large");
    const response = await exchange.response();
    expect([response.status, response.body.toString()]).toEqual([413, "too large"]);
  });

  test.each([
    ["disconnects", () => connection.destroy()],
    ["half-closes in the middle", () => connection.end()],
  ])("is aborted at the origin when the client %s", async (_, leave) => {
    await startUpload(framing, first);
    const request = await cluster.live.arrived();
    await eventually("the first bytes at the origin", () => request.bodyLength === 5);
    leave();
    await request.closed;
    expect([request.bodyComplete, request.aborted]).toEqual([false, true]);
    expect(cluster.live.requests).toHaveLength(1);
  });
});

describe.each(FRAMINGS)("a download %s", (_, headers) => {
  async function started(): Promise<{ exchange: Exchange; origin: ServerResponse }> {
    const waiting = originWaits();
    const exchange = get();
    const origin = await waiting;
    origin.writeHead(200, headers.flat());
    origin.write("first half");
    await exchange.bodyReached(10);
    return { exchange, origin };
  }

  test("reaches the client before the origin has sent its last bytes", async () => {
    const { exchange, origin } = await started();
    const length = Number(headers[0]?.[1] ?? 20);
    origin.end(Buffer.alloc(length - 10));
    const response = await exchange.response();
    expect([response.ended, response.bodyLength]).toEqual(["complete", length]);
  });

  test.each(["reset", "close"])("is aborted for the client when the origin breaks off (%s)", async (how) => {
    const { exchange, origin } = await started();
    if (how === "reset") origin.socket?.resetAndDestroy();
    else origin.socket?.destroySoon();
    const response = await exchange.response();
    expect([response.status, response.ended, response.bodyLength]).toEqual([200, "aborted", 10]);
    expect(cluster.live.requests).toHaveLength(1);
  });

  test("is aborted at the origin when the client disconnects", async () => {
    await started();
    connection.destroy();
    const [request] = cluster.live.requests;
    await request?.closed;
    expect(request?.aborted).toBe(true);
  });
});

test("a download without framing is aborted by a reset, never completed", async () => {
  const waiting = originWaits();
  const exchange = get();
  const { socket } = await waiting;
  socket?.write("HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nfirst half");
  await exchange.bodyReached(10);
  socket?.resetAndDestroy();
  expect((await exchange.response()).ended).toBe("aborted");
});

test.each([
  ["at once", 0],
  ["after its lease was renewed", 700],
])(
  "a client that disconnects %s while the origin works leaves the origin with a closed connection",
  async (_, ms) => {
    cluster.live.respond = neverAnswer();
    get();
    const request = await cluster.live.arrived();
    await pause(ms);
    expect(request.closedAt).toBeUndefined();
    connection.destroy();
    await request.closed;
    expect(request.aborted).toBe(true);
    expect(cluster.live.requests).toHaveLength(1);
  },
);

test("a client that has half-closed (FIN) still gets its response", async () => {
  const waiting = originWaits();
  const exchange = get();
  const origin = await waiting;
  connection.end();
  origin.end("an answer");
  const response = await exchange.response();
  expect([response.status, response.ended, response.bodyLength]).toEqual([200, "complete", 9]);
});
