/**
 * The evidence that a case occurred, which a history must contain before it proves anything. Pure.
 *
 * Each case must have occurred at least once in full: for one restriction, all of its claims below hold.
 */
import type { Case, History, RequestKind, RequestRecord, RestrictionRecord, Situation } from "./history.ts";
import { allowedIn, restrictionOf } from "./restrictions.ts";

type Requests = readonly RequestRecord[];

interface Evidence {
  readonly made: RestrictionRecord;
  /** Those that it forbids. */
  readonly requests: Requests;
  /** Those with the same key that it leaves allowed. */
  readonly allowed: Requests;
  readonly gateways: number;
}

type Test = (request: RequestRecord, evidence: Evidence) => boolean;
type Claim = readonly [what: string, holds: (evidence: Evidence) => boolean];

const acceptedEverywhere: Claim = [
  "accepted on every gateway before the call",
  (evidence) =>
    onEveryGateway(
      evidence.requests,
      evidence,
      ({ status, endedAt }) => status === 200 && endedAt < evidence.made.calledAt,
    ),
];
const refusedEverywhere: Claim = [
  "refused on every gateway when started after t",
  (evidence) =>
    onEveryGateway(
      evidence.requests,
      evidence,
      (request) => isRefused(request, evidence) && request.startedAt > evidence.made.answeredAt,
    ),
];
const usedDuringWait: Claim = [
  "requests started between the call and t",
  ({ made: { calledAt, answeredAt }, requests }) =>
    requests.some(({ startedAt }) => startedAt > calledAt && startedAt < answeredAt),
];
const busy = [acceptedEverywhere, usedDuringWait, refusedEverywhere];
const held = inFlightAtCall("a request held by the origin was refused", "held", isRefusedInFlight);
const uploading = inFlightAtCall("an upload in flight was refused", "upload", isRefusedInFlight);
const streaming = inFlightAtCall(
  "a stream was in flight at the call and was aborted",
  "stream",
  isAbortedStream,
);
const unread = inFlightAtCall("an unread stream was aborted", "unread stream", isAbortedStream);

const EVIDENCE: Readonly<Record<Situation, readonly Claim[]>> = {
  busy,
  idle: [
    acceptedEverywhere,
    // Some answers do not say for how long they waited.
    ["there was no lease to wait for", ({ made: { waitedMs = 0 } }) => waitedMs === 0],
    refusedEverywhere,
  ],
  "just created": [
    inFlightAtCall("a first lease was being requested at the call", "load", () => true),
    refusedEverywhere,
  ],
  "waiting on the origin": [held, refusedEverywhere],
  uploading: [uploading, refusedEverywhere],
  "streaming chunked": [streaming, refusedEverywhere],
  "streaming with a length": [streaming, refusedEverywhere],
  "unread stream": [unread, refusedEverywhere],
  "everything in flight": [...busy, held, uploading, streaming],
  "called twice at once": [
    ...busy,
    [
      "both answers were the same",
      ({ made: { effectiveAt } }) =>
        effectiveAt.length === 2 && effectiveAt[0] !== undefined && effectiveAt[0] === effectiveAt[1],
    ],
  ],
  "caller disconnects": [
    ...busy,
    [
      "refused on every gateway before the second call",
      (evidence) =>
        onEveryGateway(
          evidence.requests,
          evidence,
          (request) => isRefused(request, evidence) && request.endedAt < (evidence.made.repeatedAt ?? 0),
        ),
    ],
  ],
  "gateway partitioned": [
    inFlightAtCall(
      "a held request was refused",
      "held",
      (request, evidence) => isRefused(request, evidence) || request.status === 503,
    ),
    streaming,
    refusedEverywhere,
  ],
  "ledger restarted": busy,
};

/** Of requests that the restriction leaves allowed, where it does. */
const ALLOWED: readonly Claim[] = [
  [
    "requests that stay allowed were accepted on every gateway when started after t",
    (evidence) =>
      onEveryGateway(
        evidence.allowed,
        evidence,
        ({ status, startedAt }) => status === 200 && startedAt > evidence.made.answeredAt,
      ),
  ],
  wentOn("a held request", "held", ({ status }) => status === 200),
  wentOn("an upload", "upload", ({ status, uploadedWhole }) => status === 200 && uploadedWhole),
  wentOn(
    "a stream",
    "stream",
    ({ lastByteAt = 0, closedByClient }, { made }) => closedByClient && lastByteAt > made.settledAt,
  ),
];

export function caseName({ restriction, situation }: Case): string {
  return `${restriction}, ${situation}`;
}

/** By key. */
export interface RequestsByKey {
  readonly forbidden: ReadonlyMap<string, Requests>;
  readonly allowed: ReadonlyMap<string, Requests>;
}

/** The claim that no restriction of this case supports, or null. */
export function missingEvidence(expected: Case, history: History, byKey: RequestsByKey): string | null {
  const claims = [...EVIDENCE[expected.situation], ...(allowedIn(expected) ? ALLOWED : [])];
  const missing = history.restrictions
    .filter((made) => caseName(made) === caseName(expected))
    .map((made) => ({
      made,
      requests: byKey.forbidden.get(made.keyId) ?? [],
      allowed: byKey.allowed.get(made.keyId) ?? [],
      gateways: history.gateways,
    }))
    .map((evidence) => claims.find(([, holds]) => !holds(evidence))?.[0]);
  if (missing.length === 0) return "it never occurred";
  return missing.includes(undefined) ? null : `in none of ${missing.length}: ${missing[0]}`;
}

function onEveryGateway(requests: Requests, evidence: Evidence, test: Test): boolean {
  const passing = requests.filter((request) => test(request, evidence));
  return new Set(passing.map(({ gateway }) => gateway)).size === evidence.gateways;
}

/** A request of that kind was in flight at the call and passes `test`. */
function inFlightAtCall(what: string, kind: RequestKind, test: Test): Claim {
  const holds = (evidence: Evidence) => {
    const { calledAt } = evidence.made;
    return evidence.requests.some(
      (request) =>
        request.kind === kind &&
        request.startedAt < calledAt &&
        request.endedAt > calledAt &&
        test(request, evidence),
    );
  };
  return [what, holds];
}

/** A request of that kind that stays allowed was in flight from before the call until after `t`, and passes `test`. */
function wentOn(what: string, kind: RequestKind, test: Test): Claim {
  const holds = (evidence: Evidence) => {
    const { calledAt, settledAt } = evidence.made;
    return evidence.allowed.some(
      (request) =>
        request.kind === kind &&
        request.startedAt < calledAt &&
        request.endedAt > settledAt &&
        test(request, evidence),
    );
  };
  return [`${what} that stays allowed went on after t`, holds];
}

function isRefused({ status }: RequestRecord, { made }: Evidence): boolean {
  return status === restrictionOf(made.restriction).status;
}

function isRefusedInFlight(request: RequestRecord, evidence: Evidence): boolean {
  return isRefused(request, evidence) && request.forwardedAt !== undefined;
}

function isAbortedStream({ status, ended, bodyLength }: RequestRecord): boolean {
  return status === 200 && ended === "aborted" && bodyLength > 0;
}
