/**
 * Requests in flight on every gateway: starts them, reads their streams, waits for their end.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { KeyClient, OpenRequest } from "./key-client.ts";
import { flooding, holding, PIECE_BYTES, receiving, streaming } from "./origin-script.ts";

const UPLOAD_PIECE_MS = 100;

/** A request on every gateway that the origin has received and holds. */
export async function holds(client: KeyClient): Promise<OpenRequest[]> {
  return await allForwarded(client, (gateway) => client.start("held", gateway, holding));
}

/** An upload on every gateway, which the origin has begun to receive; it ends properly at `end`. */
export async function uploads(client: KeyClient, end: AbortSignal): Promise<OpenRequest[]> {
  return await allForwarded(client, (gateway) => client.start("upload", gateway, receiving, pieces(end)));
}

/** A stream on every gateway, read as it arrives. */
export async function streams(client: KeyClient, chunked: boolean): Promise<OpenRequest[]> {
  const openRequests = await startOnEveryGateway(client, (gateway) =>
    client.start("stream", gateway, streaming({ chunked })),
  );
  for (const openRequest of openRequests) void readPieces(openRequest);
  await Promise.all(openRequests.map(bodyStarted));
  return openRequests;
}

/** A stream on every gateway that fills every buffer on the way, and is not read. */
export async function unreadStreams(client: KeyClient): Promise<OpenRequest[]> {
  const openRequests = await startOnEveryGateway(client, (gateway) =>
    client.start("unread stream", gateway, flooding),
  );
  await Promise.all(
    openRequests.map(async (openRequest) => {
      await bodyStarted(openRequest);
      openRequest.connection.pause();
    }),
  );
  return openRequests;
}

export function startOnEveryGateway(
  client: KeyClient,
  start: (gateway: number) => Promise<OpenRequest>,
): Promise<OpenRequest[]> {
  return Promise.all(client.gateways.map(start));
}

async function allForwarded(
  client: KeyClient,
  start: (gateway: number) => Promise<OpenRequest>,
): Promise<OpenRequest[]> {
  const openRequests = await startOnEveryGateway(client, start);
  await Promise.all(openRequests.map(forwarded));
  return openRequests;
}

/** The origin has received the request, or the request has ended. */
function forwarded(openRequest: OpenRequest): Promise<unknown> {
  return Promise.race([openRequest.origin.forwarded, openRequest.seen]);
}

/** The first byte of the body has arrived, or the request has ended. */
async function bodyStarted({ exchange }: OpenRequest): Promise<void> {
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

async function* pieces(end: AbortSignal): AsyncGenerator<Buffer> {
  while (!end.aborted) {
    yield Buffer.alloc(512, "octopost ");
    await pause(UPLOAD_PIECE_MS);
  }
}
