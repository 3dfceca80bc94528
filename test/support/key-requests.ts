/**
 * Requests with a key to the gateways of a cluster, and the assertions that most revocation tests share.
 *
 * Bytes that are in the kernel's socket buffers when `revoke` answers had left the gateway before, so `revokeAndDrain`
 * reads them before it returns the moment after which nothing may arrive.
 */

import { expect } from "vitest";
import type { IssuedKey, NewKey } from "./control-client.ts";
import type { GatewayCluster } from "./gateway-cluster.ts";
import { type Header, type RawResponse, rawRequest } from "./raw-http.ts";
import type { RecordedRequest } from "./recording-origin.ts";

type Secret = Pick<IssuedKey, "secret">;

const UNAUTHORIZED = '{"error":"Invalid or expired API key","code":"unauthorized"}';
const UNAVAILABLE = '{"error":"Service temporarily unavailable","code":"service_unavailable"}';

export function bearer({ secret }: Secret): Header {
  return ["Authorization", `Bearer ${secret}`];
}

export function use(
  cluster: GatewayCluster,
  key: Secret,
  gateway = 0,
  target = "/v1/posts",
): Promise<RawResponse> {
  return rawRequest(cluster.gateway(gateway), { method: "GET", target, headers: [bearer(key)] });
}

/** A key that every gateway has just accepted, so that each holds a lease on it. */
export async function busyKey(cluster: GatewayCluster, wanted?: NewKey): Promise<IssuedKey> {
  const key = await cluster.createKey(wanted);
  for (const gateway of cluster.gateways.keys()) expect((await use(cluster, key, gateway)).status).toBe(200);
  cluster.live.clear();
  return key;
}

/** Revokes the key, and returns a moment by which every byte that left a gateway before the answer has been read. */
export async function revokeAndDrain(cluster: GatewayCluster, { account, id }: IssuedKey): Promise<number> {
  await cluster.revoke(account, id);
  return await drainSockets();
}

/** Reads all bytes that have arrived, and returns the moment after. */
export async function drainSockets(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return performance.now();
}

/** Every gateway refuses the key, and the origin receives nothing. */
export async function expectRefusedEverywhere(cluster: GatewayCluster, key: IssuedKey): Promise<void> {
  const before = cluster.live.requests.length;
  for (const gateway of cluster.gateways.keys()) expectUnauthorized(await use(cluster, key, gateway));
  expect(cluster.live.requests).toHaveLength(before);
}

export function expectUnauthorized(response: RawResponse): void {
  expect([response.status, response.body.toString()]).toEqual([401, UNAUTHORIZED]);
}

/** The answer while KV or the ledger cannot be reached. */
export function expectUnavailable(response: RawResponse): void {
  expect([response.status, response.body.toString()]).toEqual([503, UNAVAILABLE]);
  expect(response.header("Retry-After")).toBe("1");
  expect(response.header("WWW-Authenticate")).toBeUndefined();
}

/** The origin has seen each of these requests' connections close before its response was complete. */
export async function expectAbortedAtOrigin(requests: readonly RecordedRequest[]): Promise<void> {
  for (const request of requests) {
    await request.closed;
    expect(request.aborted).toBe(true);
  }
}
