/**
 * The record of one campaign: every request and every restriction. Data only.
 *
 * All times are `performance.now()` of the one process in which the clients and the origin run, so any two of them may
 * be compared.
 */

import type { RestrictionName } from "./restrictions.ts";

/** What the key was doing when it was restricted, or what else happened; situations.ts runs each. */
export const SITUATIONS = [
  "busy",
  "idle",
  "just created",
  "waiting on the origin",
  "uploading",
  "streaming chunked",
  "streaming with a length",
  "unread stream",
  "everything in flight",
  "called twice at once",
  "caller disconnects",
  "gateway partitioned",
  "ledger restarted",
] as const;

export type Situation = (typeof SITUATIONS)[number];

/** A restriction of a key in a situation. */
export interface Case {
  readonly restriction: RestrictionName;
  readonly situation: Situation;
}

/** `load`: answered soon. `held`: delayed by the origin. `probe`: tests whether the key still works. */
export type RequestKind = "load" | "probe" | "held" | "upload" | "stream" | "unread stream";

export interface RequestRecord {
  readonly keyId: string;
  readonly gateway: number;
  readonly kind: RequestKind;
  /** Whether no restriction forbids it: of a key that is never restricted, or left allowed. */
  readonly allowed: boolean;
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
  /** Just before the origin wrote its answer; undefined if it wrote none. May change after the response. */
  readonly originAnsweredAt: number | undefined;
  /** For an unread stream: bytes of its body that the origin had written at `t`. */
  readonly offeredBytes: number | undefined;
  /** Whether the client closed it, because the gateway left it open long after `t`. */
  readonly closedByClient: boolean;
  readonly ended: "complete" | "aborted";
  readonly endedAt: number;
}

export interface RestrictionRecord extends Case {
  readonly keyId: string;
  /** Just before the (first) call was written. */
  readonly calledAt: number;
  /** The moment `t` of the promise: the complete (first) answer had arrived. */
  readonly answeredAt: number;
  /** All bytes that had reached this machine's sockets by `answeredAt` had been read by then: see restricting-call.ts. */
  readonly settledAt: number;
  /** Just before the second call, if the caller of the first one disconnected. */
  readonly repeatedAt: number | undefined;
  /** `effective_at` of every answer that names the key. */
  readonly effectiveAt: readonly (string | undefined)[];
  readonly waitedMs: number | undefined;
  /** Just before the call that undid it, if there was one. */
  undoneAt: number | undefined;
}

export interface History {
  readonly gateways: number;
  readonly requests: RequestRecord[];
  readonly restrictions: RestrictionRecord[];
}
