/**
 * The record of one campaign: every request and every revocation. Data only.
 *
 * All times are `performance.now()` of the one process in which the clients and the origin run, so any two of them may
 * be compared.
 */

/** What the key was doing when it was revoked, or how it was revoked; situations.ts runs each. */
export const SITUATIONS = [
  "busy",
  "idle",
  "just created",
  "waiting on the origin",
  "uploading",
  "streaming chunked",
  "streaming with a length",
  "unread stream",
  "revoked twice at once",
  "revoke caller disconnects",
  "revoked by its holder",
  "rotated without overlap",
  "whole account revoked",
  "gateway partitioned",
  "ledger restarted",
] as const;

export type Situation = (typeof SITUATIONS)[number];

/** `load`: answered soon. `held`: delayed by the origin. `probe`: tests whether the key still works. */
export type RequestKind = "load" | "probe" | "held" | "upload" | "stream" | "unread stream";

export interface RequestRecord {
  readonly keyId: string;
  readonly gateway: number;
  readonly kind: RequestKind;
  /** Before its first byte was written. */
  readonly startedAt: number;
  /** When the origin received its head; undefined if it never did. May change after the response. */
  readonly forwardedAt: number | undefined;
  /** Whether the origin received the complete body. May change after the response. */
  readonly uploadedWhole: boolean;
  /** 0: the connection closed without a response. */
  readonly status: number;
  /** When the client read its bytes from the socket: they left the gateway at that moment or before. */
  readonly headersAt: number | undefined;
  readonly lastByteAt: number | undefined;
  /** Just before the origin wrote the latest part that has arrived at the client: it left the gateway after this. */
  readonly writtenAt: number | undefined;
  readonly bodyLength: number;
  /** Whether the origin's body is so small that the gateway gathers it before the headers leave. */
  readonly smallBody: boolean;
  /** For an unread stream: bytes of its body that the origin had written at `t`. */
  readonly offeredBytes: number | undefined;
  /** Whether the client closed it, because the gateway left it open long after `t`. */
  readonly closedByClient: boolean;
  readonly ended: "complete" | "aborted";
  readonly endedAt: number;
}

export interface RevocationRecord {
  readonly keyId: string;
  readonly situation: Situation;
  /** Just before the (first) call was written. */
  readonly calledAt: number;
  /** The moment `t` of the promise: the complete (first) answer had arrived. */
  readonly answeredAt: number;
  /** All bytes that had reached this machine's sockets by `answeredAt` had been read by then: see revoke-call.ts. */
  readonly settledAt: number;
  /** Just before the second call, if the caller of the first one disconnected. */
  readonly repeatedAt: number | undefined;
  /** `effective_at` of every answer that names the key. */
  readonly effectiveAt: readonly (string | undefined)[];
  readonly waitedMs: number | undefined;
}

export interface History {
  readonly gateways: number;
  readonly requests: RequestRecord[];
  readonly revocations: RevocationRecord[];
  /** Keys that are in use throughout and never revoked. */
  readonly bystanders: string[];
}
