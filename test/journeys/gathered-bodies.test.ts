/**
 * Small response bodies, gathered before their headers leave.
 *
 * The promise: the bytes are the origin's whatever their number, framing and pieces; a stream is not held up by its
 * media type or, if that says nothing, for longer than a short pause; and a body that breaks off is never complete.
 */

import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { partialBody, trickle } from "../support/origin-behaviours.ts";
import { type Exchange, RawConnection, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";

/** Around every size at which the gateway reads differently. */
const SIZES = [1, 100, 4095, 4096, 4097, 8192, 32_767, 32_768, 32_769, 65_536, 200_000];
/** Far more than the gateway waits for the rest of a small body. */
const LONG_MS = 3000;

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  key = await cluster.createKey();
});
beforeEach(() => cluster.live.clear());

function request() {
  return {
    method: "GET",
    target: "/v1/posts",
    headers: [["Authorization", `Bearer ${key.secret}`] as const],
  };
}

function get(): Promise<RawResponse> {
  return rawRequest(cluster.gateway(0), request());
}

/** Every byte says where it belongs. */
function bodyOf(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 7 + (index >> 8)) % 256));
}

function split(body: Buffer, pieces: number): Buffer[] {
  const size = Math.ceil(body.length / pieces);
  return Array.from({ length: pieces }, (_, i) => body.subarray(i * size, (i + 1) * size)).filter(
    (piece) => piece.length > 0,
  );
}

describe.each([
  ["with a length", true],
  ["in chunks", false],
])("a body %s", (_, hasLength) => {
  test.each(SIZES)("of %i bytes arrives to the byte, in one piece and in several", async (bytes) => {
    const body = bodyOf(bytes);
    for (const [pieces, betweenMs] of [
      [1, 0],
      [2, 0],
      [2, 5],
      [7, 2],
    ] as const) {
      cluster.live.respond = async (_request, response) => {
        response.writeHead(200, hasLength ? { "Content-Length": bytes } : {});
        for (const piece of split(body, pieces)) {
          response.write(piece);
          await pause(betweenMs);
        }
        response.end();
      };
      const response = await get();
      expect([response.status, response.ended]).toEqual([200, "complete"]);
      expect(response.body.equals(body)).toBe(true);
    }
  });

  test("of gzip arrives as it was compressed", async () => {
    const body = gzipSync("a small answer, ".repeat(100));
    cluster.live.respond = (_request, response) => {
      response.writeHead(200, {
        "Content-Encoding": "gzip",
        ...(hasLength ? { "Content-Length": body.length } : {}),
      });
      response.write(body.subarray(0, 20));
      response.end(body.subarray(20));
    };
    expect((await get()).body.equals(body)).toBe(true);
  });

  test.each(["reset", "close"] as const)("that breaks off at once is 200 and aborted (%s)", async (how) => {
    cluster.live.respond = partialBody("a part", how, { contentLength: hasLength });
    const response = await get();
    expect([response.status, response.ended]).toEqual([200, "aborted"]);
    expect("a part".startsWith(response.body.toString())).toBe(true);
  });

  test("that pauses for long leaves in the pieces that come", async () => {
    cluster.live.respond = trickle(["first, ", "last"], LONG_MS, { contentLength: hasLength });
    const { exchange, close } = await open();
    await exchange.bodyReached(7);
    expect(performance.now() - exchange.startedAt).toBeLessThan(LONG_MS);
    const response = await exchange.response();
    expect([response.ended, response.body.toString()]).toEqual(["complete", "first, last"]);
    close();
  });
});

test("headers without a body for long leave by themselves", async () => {
  cluster.live.respond = async (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.flushHeaders();
    await pause(LONG_MS);
    response.end("{}");
  };
  const { exchange, close } = await open();
  await exchange.headers();
  expect(performance.now() - exchange.startedAt).toBeLessThan(LONG_MS);
  expect((await exchange.response()).body.toString()).toBe("{}");
  close();
});

describe("a small body that came in chunks", () => {
  test("leaves with its length, so that the client knows a whole one", async () => {
    cluster.live.respond = trickle(['{"posts":', "[]}"], 2);
    const response = await get();
    expect(response.header("Content-Length")).toBe("12");
    expect(response.header("Transfer-Encoding")).toBeUndefined();
  });

  test("leaves its connection good for the next request", async () => {
    const { connection, exchange, close } = await open();
    await exchange.response();
    cluster.live.respond = trickle(["a", "b"], 2);
    expect((await connection.request(request())).body.toString()).toBe("ab");
    expect((await connection.request(request())).body.toString()).toBe("ab");
    close();
  });
});

describe("a stream of a type that is one", () => {
  test.each([
    "text/event-stream",
    "text/event-stream; charset=utf-8",
    "TEXT/EVENT-STREAM",
    "application/x-ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/stream+json",
  ])("(%s) is not gathered: its pieces leave as they come", async (type) => {
    const pieces = ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"];
    cluster.live.respond = trickle(pieces, 50, { headers: [["Content-Type", type]] });
    const response = await get();
    expect(response.body.toString()).toBe(pieces.join(""));
    expect(response.chunks.length).toBeGreaterThan(1);
    expect(response.header("Transfer-Encoding")).toBe("chunked");
  });

  test.each(["application/json", "text/plain", "application/vnd.api+json", "text/event-streams", ""])(
    "(%s is none) is gathered",
    async (type) => {
      cluster.live.respond = trickle(["1", "2", "3"], 5, {
        headers: type === "" ? [] : [["Content-Type", type]],
      });
      expect((await get()).header("Content-Length")).toBe("3");
    },
  );
});

async function open(): Promise<{ connection: RawConnection; exchange: Exchange; close: () => void }> {
  const connection = await RawConnection.open(cluster.gateway(0));
  return { connection, exchange: connection.send(request()), close: () => connection.close() };
}
