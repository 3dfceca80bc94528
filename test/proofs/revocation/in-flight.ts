/**
 * Requests that are under way on every gateway at once: begins them, reads their streams, sees them end.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Flight, KeyClient } from "./key-client.ts";
import { PIECE_BYTES, streaming } from "./origin-script.ts";

/** A stream on every gateway, read as it comes. */
export async function streams(client: KeyClient, chunked: boolean): Promise<Flight[]> {
  const flights = await everywhere(client, (gateway) =>
    client.start("stream", gateway, streaming({ chunked })),
  );
  for (const flight of flights) void readPieces(flight);
  await Promise.all(flights.map(begun));
  return flights;
}

export function everywhere(
  client: KeyClient,
  start: (gateway: number) => Promise<Flight>,
): Promise<Flight[]> {
  return Promise.all(client.gateways.map(start));
}

/** The origin has the request, or it came to nothing. */
export function forwarded(flight: Flight): Promise<unknown> {
  return Promise.race([flight.origin.forwarded, flight.seen]);
}

/** The first byte of the body is here, or there will be none. */
export async function begun({ exchange }: Flight): Promise<void> {
  await exchange.bodyReached(1).catch(() => {});
}

/** Waits for them to end, which the gateway should see to, and gives up those that it leaves open. */
export async function ended(flights: readonly Flight[], patienceMs: number): Promise<void> {
  await Promise.all(
    flights.map(async (flight) => {
      const left = await Promise.race([flight.seen, pause(patienceMs)]);
      if (left === undefined) flight.giveUp();
      await flight.seen;
    }),
  );
}

/** Tells the origin of each piece that has arrived, until the stream is over. */
async function readPieces({ exchange, origin }: Flight): Promise<void> {
  try {
    for (let length = PIECE_BYTES; ; length += PIECE_BYTES) {
      await exchange.bodyReached(length);
      origin.confirmArrival();
    }
  } catch {
    // How it ended is in the history.
  }
}
