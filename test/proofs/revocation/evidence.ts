/**
 * What a history must show before it may say anything about a situation: that it occurred. Pure.
 *
 * A checker that finds nothing wrong is worth nothing if nothing was under way. Each situation must have
 * occurred at least once in full, as its sentences below say.
 */
import type { History, RequestKind, SeenRequest, SeenRevocation, Situation } from "./history.ts";

interface Case {
  readonly revocation: SeenRevocation;
  readonly requests: readonly SeenRequest[];
  readonly gateways: number;
}

type Test = (request: SeenRequest) => boolean;
type Sentence = readonly [what: string, holds: (seen: Case) => boolean];

const acceptedEverywhere: Sentence = [
  "accepted on every gateway before the call",
  (seen) =>
    onEveryGateway(seen, ({ status, endedAt }) => status === 200 && endedAt < seen.revocation.calledAt),
];
const refusedEverywhere: Sentence = [
  "refused on every gateway when started after t",
  (seen) =>
    onEveryGateway(seen, ({ status, startedAt }) => status === 401 && startedAt > seen.revocation.answeredAt),
];
const usedDuringTheWait: Sentence = [
  "requests started between the call and t",
  ({ revocation: { calledAt, answeredAt }, requests }) =>
    requests.some(({ startedAt }) => startedAt > calledAt && startedAt < answeredAt),
];
const busy = [acceptedEverywhere, usedDuringTheWait, refusedEverywhere];
const streaming = [
  underWay("a stream was flowing at the call and was cut", "stream", isCutStream),
  refusedEverywhere,
];

const EVIDENCE: Readonly<Record<Situation, readonly Sentence[]>> = {
  busy,
  idle: [
    acceptedEverywhere,
    ["there was no lease to wait for", ({ revocation }) => revocation.waitedMs === 0],
    refusedEverywhere,
  ],
  "just created": [
    underWay("a first lease was being asked for at the call", "load", () => true),
    refusedEverywhere,
  ],
  "waiting on the origin": [
    underWay("a request held by the origin was refused", "held", isRefusedInFlight),
    refusedEverywhere,
  ],
  uploading: [underWay("an upload under way was refused", "upload", isRefusedInFlight), refusedEverywhere],
  "streaming chunked": streaming,
  "streaming with a length": streaming,
  "stream nobody reads": [
    underWay("an unread stream was cut", "unread stream", isCutStream),
    refusedEverywhere,
  ],
  "revoked twice at once": [
    ...busy,
    [
      "both answers said the same",
      ({ revocation: { effectiveAt } }) =>
        effectiveAt.length === 2 && effectiveAt[0] !== undefined && effectiveAt[0] === effectiveAt[1],
    ],
  ],
  "revoke caller gone": [
    ...busy,
    [
      "refused on every gateway before anybody called again",
      (seen) =>
        onEveryGateway(
          seen,
          ({ status, endedAt }) => status === 401 && endedAt < (seen.revocation.calledAgainAt ?? 0),
        ),
    ],
  ],
  "revoked by its holder": busy,
  "rotated without overlap": busy,
  "whole account revoked": busy,
  "gateway cut off": [
    underWay("a held request was refused", "held", ({ status }) => status === 401 || status === 503),
    underWay("a stream was cut", "stream", isCutStream),
    refusedEverywhere,
  ],
  "ledger restarted": busy,
};

/** The sentence that no revocation of this situation bears out, or null. */
export function missingEvidence(
  situation: Situation,
  history: History,
  byKey: ReadonlyMap<string, readonly SeenRequest[]>,
): string | null {
  const missing = history.revocations
    .filter((revocation) => revocation.situation === situation)
    .map((revocation) => ({
      revocation,
      requests: byKey.get(revocation.keyId) ?? [],
      gateways: history.gateways,
    }))
    .map((seen) => EVIDENCE[situation].find(([, holds]) => !holds(seen))?.[0]);
  if (missing.length === 0) return "it never occurred";
  return missing.includes(undefined) ? null : `in none of ${missing.length}: ${missing[0]}`;
}

function onEveryGateway({ requests, gateways }: Case, test: Test): boolean {
  return new Set(requests.filter(test).map((request) => request.gateway)).size === gateways;
}

/** A request of that kind was under way at the call and passes `test`. */
function underWay(what: string, kind: RequestKind, test: Test): Sentence {
  const holds = ({ revocation: { calledAt }, requests }: Case) =>
    requests.some(
      (request) =>
        request.kind === kind && request.startedAt < calledAt && request.endedAt > calledAt && test(request),
    );
  return [what, holds];
}

function isRefusedInFlight({ status, forwardedAt }: SeenRequest): boolean {
  return status === 401 && forwardedAt !== undefined;
}

function isCutStream({ status, ended, bodyLength }: SeenRequest): boolean {
  return status === 200 && ended === "aborted" && bodyLength > 0;
}
