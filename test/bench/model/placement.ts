/**
 * Predicts how long a request takes for three places of the Worker and its ledgers. It adds round trips and nothing else:
 * the gateway's own work, TLS handshakes and the origin's work are the same in every place. Pure.
 */

/** Round trips in milliseconds. */
export interface Distances {
  readonly clientToEdgeMs: number;
  readonly edgeToOriginMs: number;
}

/**
 * - `edge`: the platform's default. The Worker runs near the client; a ledger is wherever its first call came from.
 * - `edge, ledger near the origin`: `LEDGER_LOCATION` names the origin's region.
 * - `placed`: `[placement]` too: the Worker runs near the origin.
 */
export const PLACES = ["edge", "edge, ledger near the origin", "placed"] as const;
export type Place = (typeof PLACES)[number];

/**
 * - `cold`: the isolate has never seen the key. KV and the ledger are called at the same time, and KV is not waited for.
 * - `expired`: the isolate knows the key, and its lease has expired.
 * - `warm`: the isolate has a valid lease.
 * - `refused`: no key, or one with a wrong checksum: no store is called.
 * - `revoked`: the isolate's first request with a revoked key. The next ones are `refused`.
 */
export const SITUATIONS = ["cold", "expired", "warm", "refused", "revoked"] as const;
export type Situation = (typeof SITUATIONS)[number];

/** To a ledger that is neither near the edge nor near the origin, such as one created by a dashboard elsewhere. */
export const ELSEWHERE_MS = 80;
/** Between Worker, ledger and origin in one region. */
export const SAME_REGION_MS = 2;

/** Milliseconds until the client has the first byte. */
export function responseTime(place: Place, situation: Situation, distances: Distances): number {
  const { toWorkerMs, toLedgerMs, toOriginMs } = tripsFrom(place, distances);
  switch (situation) {
    case "cold":
    case "expired":
      return toWorkerMs + toLedgerMs + toOriginMs;
    case "warm":
      return toWorkerMs + toOriginMs;
    case "refused":
      return toWorkerMs;
    case "revoked":
      return toWorkerMs + toLedgerMs;
  }
}

/** A proxy near the client that checks nothing. */
export function bareResponseTime({ clientToEdgeMs, edgeToOriginMs }: Distances): number {
  return clientToEdgeMs + edgeToOriginMs;
}

function tripsFrom(place: Place, { clientToEdgeMs, edgeToOriginMs }: Distances) {
  switch (place) {
    case "edge":
      return { toWorkerMs: clientToEdgeMs, toLedgerMs: ELSEWHERE_MS, toOriginMs: edgeToOriginMs };
    case "edge, ledger near the origin":
      return { toWorkerMs: clientToEdgeMs, toLedgerMs: edgeToOriginMs, toOriginMs: edgeToOriginMs };
    case "placed":
      // The platform routes the request from the client's edge to the place of the Worker.
      return {
        toWorkerMs: clientToEdgeMs + edgeToOriginMs,
        toLedgerMs: SAME_REGION_MS,
        toOriginMs: SAME_REGION_MS,
      };
  }
}
