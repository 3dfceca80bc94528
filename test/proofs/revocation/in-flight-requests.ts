/**
 * Requests in flight on every gateway: starts them, reads their streams, waits for their end.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { KeyClient, OpenRequest } from "./key-client.ts";
import { PIECE_BYTES, streaming } from "./origin-script.ts";

/** A stream on every gateway, read as it arrives. */
export async function streams(client: KeyClient, chunked: boolean): Promise<OpenRequest[]> {
  const openRequests = await startOnEveryGateway(client, (gateway) =>
    client.start("stream", gateway, streaming({ chunked })),
  );
  for (const openRequest of openRequests) void readPieces(openRequest);
  await Promise.all(openRequests.map(bodyStarted));
  return openRequests;
}

export function startOnEveryGateway(
  client: KeyClient,
  start: (gateway: number) => Promise<OpenRequest>,
): Promise<OpenRequest[]> {
  return Promise.all(client.gateways.map(start));
}

/** The origin has received the request, or the request has ended. */
export function forwarded(openRequest: OpenRequest): Promise<unknown> {
  return Promise.race([openRequest.origin.forwarded, openRequest.seen]);
}

/** The first byte of the body has arrived, or the request has ended. */
export async function bodyStarted({ exchange }: OpenRequest): Promise<void> {
  await exchange.bodyReached(1).catch(() => {});
}

/** Waits until the gateway has ended them all; closes those that it leaves open. */
export async function allEnded(openRequests: readonly OpenRequest[], graceMs: number): Promise<void> {
  await Promise.all(
    openRequests.map(async (openRequest) => {
      const left = await Promise.race([openRequest.seen, pause(graceMs)]);
      if (left === undefined) openRequest.close();
      await openRequest.seen;
    }),
  );
}

/** Confirms to the origin each piece that has arrived, until the stream ends. */
async function readPieces({ exchange, origin }: OpenRequest): Promise<void> {
  try {
    for (let length = PIECE_BYTES; ; length += PIECE_BYTES) {
      await exchange.bodyReached(length);
      origin.confirmArrival();
    }
  } catch {
    // The history records how it ended.
  }
}
