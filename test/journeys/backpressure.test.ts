/**
 * Backpressure: a slow reader slows its writer, so that neither the gateway nor the kernel keeps a large body.
 *
 * Leases last far longer than the stalls of a busy machine: the flow of bytes is the subject, not their key.
 */

import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { bearer } from "../support/key-requests.ts";
import { neverAnswer } from "../support/origin-behaviours.ts";
import { RawConnection } from "../support/raw-http.ts";

// Far more than the kernel and workerd buffer; far less than a harmful amount.
const MANY_BYTES = 128 * 1024 * 1024;
const KEPT_MAX_BYTES = 64 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024);

let cluster: GatewayCluster;
let key: IssuedKey;
let connection: RawConnection;

beforeAll(async () => {
  cluster = await startCluster({ settings: { LEASE_MS: 30_000, LEASE_MARGIN_MS: 700 } });
  key = await cluster.createKey();
});
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.live.clear();
  connection = await RawConnection.open(cluster.gateway(0));
  return () => connection.close();
});

test("a client that does not read stops the origin, and gets everything once it reads", async () => {
  const waiting = new Promise<ServerResponse>((resolve) => {
    cluster.live.respond = (_request, response) => resolve(response);
  });
  const exchange = connection.send(
    { method: "GET", target: "/v1/posts", headers: [bearer(key)] },
    { keepBody: false },
  );
  const origin = await waiting;
  origin.writeHead(200, { "Content-Length": MANY_BYTES });
  origin.write(PIECE);
  await exchange.headers();
  connection.pause();
  let sent = PIECE.length;
  while (sent < MANY_BYTES) {
    if (!origin.write(PIECE) && !(await drained(origin))) break;
    sent += PIECE.length;
  }
  expect(sent).toBeLessThan(KEPT_MAX_BYTES);

  connection.resume();
  // The piece that found no room is written too.
  for (sent += PIECE.length; sent < MANY_BYTES; sent += PIECE.length) {
    if (!origin.write(PIECE)) await new Promise((resolve) => origin.once("drain", resolve));
  }
  origin.end();
  const response = await exchange.response();
  expect([response.ended, response.bodyLength]).toEqual(["complete", MANY_BYTES]);
});

test("an origin that does not read stops the client", async () => {
  cluster.live.respond = neverAnswer({ readBody: false });
  connection.expect("POST");
  const [name, value] = bearer(key);
  await connection.write(
    `POST /v1/posts HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\nContent-Length: ${MANY_BYTES}\r\n\r\n`,
  );
  const request = await cluster.live.arrived();
  let sent = 0;
  while (sent < MANY_BYTES && (await soon(connection.write(PIECE)))) sent += PIECE.length;
  expect(sent).toBeLessThan(KEPT_MAX_BYTES);
  connection.destroy();
  expect(request.bodyComplete).toBe(false);
});

/** Whether there is room again within a second; a slow machine can only reduce the bytes in flight. */
function drained(origin: ServerResponse): Promise<boolean> {
  return soon(new Promise((resolve) => origin.once("drain", () => resolve(true))));
}

function soon(room: Promise<boolean>): Promise<boolean> {
  return Promise.race([room, new Promise<boolean>((resolve) => setTimeout(resolve, 1000, false))]);
}
