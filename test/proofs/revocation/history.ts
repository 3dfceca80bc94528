/**
 * What was seen of one campaign of revocations: every request, every revocation. Data only.
 *
 * All times are `performance.now()` of the one process in which the clients and the origin run, so any two
 * of them may be compared.
 */

/** What a key was doing when it was revoked, or how it was revoked; situations.ts plays each. */
export const SITUATIONS = [
  "busy",
  "idle",
  "just created",
  "waiting on the origin",
  "uploading",
  "streaming chunked",
  "streaming with a length",
  "stream nobody reads",
  "revoked twice at once",
  "revoke caller gone",
  "revoked by its holder",
  "rotated without overlap",
  "whole account revoked",
  "gateway cut off",
  "ledger restarted",
] as const;

export type Situation = (typeof SITUATIONS)[number];

/** `load`: answered soon. `held`: kept waiting by the origin. `probe`: sent to see whether the key still works. */
export type RequestKind = "load" | "probe" | "held" | "upload" | "stream" | "unread stream";

export interface SeenRequest {
  readonly keyId: string;
  readonly gateway: number;
  readonly kind: RequestKind;
  /** Before its first byte was written. */
  readonly startedAt: number;
  /** When the origin had its head; undefined when it never got there. May still change after the response. */
  readonly forwardedAt: number | undefined;
  /** Whether the origin got the request's body to its end. May still change after the response. */
  readonly uploadedWhole: boolean;
  /** 0: the connection ended without a response. */
  readonly status: number;
  /** When the client's process took its bytes from the socket: they left the gateway then or before. */
  readonly headersAt: number | undefined;
  readonly lastByteAt: number | undefined;
  /** Before the origin wrote the latest part that has arrived here: it left the gateway after this. */
  readonly writtenAt: number | undefined;
  readonly bodyLength: number;
  /** For a stream that nobody was reading: how much of its body the origin had written at `t`. */
  readonly offeredBytes: number | undefined;
  /** Whether its client had to end it, since the gateway left it open long after `t`. */
  readonly givenUp: boolean;
  readonly ended: "complete" | "aborted";
  readonly endedAt: number;
}

export interface SeenRevocation {
  readonly keyId: string;
  readonly situation: Situation;
  /** Before the (first) call was written. */
  readonly calledAt: number;
  /** The moment `t` of the promise: the (first) answer was here, whole. */
  readonly answeredAt: number;
  /** All that had reached this machine's sockets by `answeredAt` had been read by now: see revoke-call.ts. */
  readonly settledAt: number;
  /** Before the second call, where the first one's caller was gone by then. */
  readonly calledAgainAt: number | undefined;
  /** `effective_at` of every answer to a call that names the key. */
  readonly effectiveAt: readonly (string | undefined)[];
  readonly waitedMs: number | undefined;
}

export interface History {
  readonly gateways: number;
  readonly requests: SeenRequest[];
  readonly revocations: SeenRevocation[];
  /** Keys in use all the time and never revoked. */
  readonly bystanders: string[];
}
