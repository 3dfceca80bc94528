/**
 * The evidence that a situation occurred, which a history must contain before it proves anything. Pure.
 *
 * Each situation must have occurred at least once in full: for one revocation, all of its claims below hold.
 */
import type { History, RequestKind, RequestRecord, RevocationRecord, Situation } from "./history.ts";

interface Evidence {
  readonly revocation: RevocationRecord;
  readonly requests: readonly RequestRecord[];
  readonly gateways: number;
}

type Test = (request: RequestRecord) => boolean;
type Claim = readonly [what: string, holds: (evidence: Evidence) => boolean];

const acceptedEverywhere: Claim = [
  "accepted on every gateway before the call",
  (evidence) =>
    onEveryGateway(
      evidence,
      ({ status, endedAt }) => status === 200 && endedAt < evidence.revocation.calledAt,
    ),
];
const refusedEverywhere: Claim = [
  "refused on every gateway when started after t",
  (evidence) =>
    onEveryGateway(
      evidence,
      ({ status, startedAt }) => status === 401 && startedAt > evidence.revocation.answeredAt,
    ),
];
const usedDuringWait: Claim = [
  "requests started between the call and t",
  ({ revocation: { calledAt, answeredAt }, requests }) =>
    requests.some(({ startedAt }) => startedAt > calledAt && startedAt < answeredAt),
];
const busy = [acceptedEverywhere, usedDuringWait, refusedEverywhere];
const streaming = [
  inFlightAtCall("a stream was in flight at the call and was aborted", "stream", isAbortedStream),
  refusedEverywhere,
];

const EVIDENCE: Readonly<Record<Situation, readonly Claim[]>> = {
  busy,
  idle: [
    acceptedEverywhere,
    ["there was no lease to wait for", ({ revocation }) => revocation.waitedMs === 0],
    refusedEverywhere,
  ],
  "just created": [
    inFlightAtCall("a first lease was being requested at the call", "load", () => true),
    refusedEverywhere,
  ],
  "waiting on the origin": [
    inFlightAtCall("a request held by the origin was refused", "held", isRefusedInFlight),
    refusedEverywhere,
  ],
  uploading: [
    inFlightAtCall("an upload in flight was refused", "upload", isRefusedInFlight),
    refusedEverywhere,
  ],
  "streaming chunked": streaming,
  "streaming with a length": streaming,
  "unread stream": [
    inFlightAtCall("an unread stream was aborted", "unread stream", isAbortedStream),
    refusedEverywhere,
  ],
  "revoked twice at once": [
    ...busy,
    [
      "both answers were the same",
      ({ revocation: { effectiveAt } }) =>
        effectiveAt.length === 2 && effectiveAt[0] !== undefined && effectiveAt[0] === effectiveAt[1],
    ],
  ],
  "revoke caller disconnects": [
    ...busy,
    [
      "refused on every gateway before the second call",
      (evidence) =>
        onEveryGateway(
          evidence,
          ({ status, endedAt }) => status === 401 && endedAt < (evidence.revocation.repeatedAt ?? 0),
        ),
    ],
  ],
  "revoked by its holder": busy,
  "rotated without overlap": busy,
  "whole account revoked": busy,
  "gateway partitioned": [
    inFlightAtCall("a held request was refused", "held", ({ status }) => status === 401 || status === 503),
    inFlightAtCall("a stream was aborted", "stream", isAbortedStream),
    refusedEverywhere,
  ],
  "ledger restarted": busy,
};

/** The claim that no revocation of this situation supports, or null. */
export function missingEvidence(
  situation: Situation,
  history: History,
  byKey: ReadonlyMap<string, readonly RequestRecord[]>,
): string | null {
  const missing = history.revocations
    .filter((revocation) => revocation.situation === situation)
    .map((revocation) => ({
      revocation,
      requests: byKey.get(revocation.keyId) ?? [],
      gateways: history.gateways,
    }))
    .map((evidence) => EVIDENCE[situation].find(([, holds]) => !holds(evidence))?.[0]);
  if (missing.length === 0) return "it never occurred";
  return missing.includes(undefined) ? null : `in none of ${missing.length}: ${missing[0]}`;
}

function onEveryGateway({ requests, gateways }: Evidence, test: Test): boolean {
  return new Set(requests.filter(test).map((request) => request.gateway)).size === gateways;
}

/** A request of that kind was in flight at the call and passes `test`. */
function inFlightAtCall(what: string, kind: RequestKind, test: Test): Claim {
  const holds = ({ revocation: { calledAt }, requests }: Evidence) =>
    requests.some(
      (request) =>
        request.kind === kind && request.startedAt < calledAt && request.endedAt > calledAt && test(request),
    );
  return [what, holds];
}

function isRefusedInFlight({ status, forwardedAt }: RequestRecord): boolean {
  return status === 401 && forwardedAt !== undefined;
}

function isAbortedStream({ status, ended, bodyLength }: RequestRecord): boolean {
  return status === 200 && ended === "aborted" && bodyLength > 0;
}
