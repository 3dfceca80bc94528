/**
 * Judges a history: was the promise kept, and was it tested at all? Pure.
 *
 * With `t` the moment at which the answer to `revoke` had arrived, each of these is a violation:
 *
 * - G1: a request that started after `t` was not refused, or reached the origin.
 * - G2: response headers with a 2xx left the gateway after `t`, or a request in flight was never answered.
 * - G3: a byte of a 2xx response left after `t`, an aborted one looked complete, or one was never aborted.
 * - partial: a request for a small body got no response or part of one, instead of a whole response or a refusal.
 * - origin: an upload whose end was sent after `t` reached the origin complete.
 * - bystander: a key that was not revoked got 401.
 * - vacuous: the history does not show the situation that it claims (evidence.ts).
 *
 * There is no tolerance in milliseconds. A byte counts as having left after `t` for one of two certain reasons: it was
 * read after the sockets had been drained of everything that was there at `t` (`settledAt`), or the origin, in this
 * same process, wrote it after `t`. One case goes undetected: a byte that had arrived at the gateway before `t`, left
 * after it, and was read in the one turn of the event loop before `settledAt`.
 */
import { missingEvidence } from "./evidence.ts";
import type { History, RequestRecord, RevocationRecord, Situation } from "./history.ts";

export type Rule = "G1" | "G2" | "G3" | "partial" | "origin" | "bystander" | "vacuous";

export interface Violation {
  readonly rule: Rule;
  readonly situation: Situation | "bystander";
  readonly keyId: string;
  readonly what: string;
}

/** 503: the gateway cannot reach the ledger; 0: the connection closed without a response. */
const REFUSALS = [401, 503, 0];

/** `expected`: the situations that must have occurred. */
export function violationsIn(history: History, expected: readonly Situation[]): Violation[] {
  const byKey = Map.groupBy(history.requests, (request) => request.keyId);
  const violations: Violation[] = [];
  for (const revocation of history.revocations) {
    const { keyId, situation } = revocation;
    const requests = byKey.get(keyId) ?? [];
    for (const request of requests) {
      const broken = brokenRule(request, revocation) ?? partialResponse(request, revocation);
      if (broken) violations.push({ rule: broken.rule, situation, keyId, what: broken.what });
    }
    if (
      !requests.some(
        (request) => isAccepted(request) && (request.headersAt ?? Infinity) < revocation.calledAt,
      )
    ) {
      violations.push({ rule: "vacuous", situation, keyId, what: "no request was accepted before" });
    }
  }
  for (const keyId of history.bystanders) {
    const refused = (byKey.get(keyId) ?? []).filter((request) => request.status === 401).length;
    if (refused > 0) {
      violations.push({ rule: "bystander", situation: "bystander", keyId, what: `refused ${refused} times` });
    }
  }
  for (const situation of new Set(expected)) {
    const what = missingEvidence(situation, history, byKey);
    if (what) violations.push({ rule: "vacuous", situation, keyId: "every key", what });
  }
  return violations;
}

function isAccepted({ status }: RequestRecord): boolean {
  return status >= 200 && status < 300;
}

function brokenRule(
  request: RequestRecord,
  revocation: RevocationRecord,
): { rule: Rule; what: string } | null {
  const t = revocation.answeredAt;
  const violation = (rule: Rule, what: string) => ({
    rule,
    what: `${what} (${timesOf(request, revocation)})`,
  });

  if (request.startedAt > t) {
    if (isAccepted(request)) return violation("G1", "accepted, started after t");
    if (request.forwardedAt !== undefined) return violation("G1", "forwarded, started after t");
    if (!REFUSALS.includes(request.status))
      return violation("G1", "neither accepted nor refused, started after t");
    return null;
  }
  if (request.closedByClient) return violation(isAccepted(request) ? "G3" : "G2", "left open after t");
  if (request.kind === "upload" && request.uploadedWhole)
    return violation("origin", "an upload continued after t");
  if (!isAccepted(request)) return null;

  const { headersAt = Infinity, lastByteAt = Infinity, writtenAt = -Infinity } = request;
  if (request.offeredBytes !== undefined) {
    // Its bytes waited in the kernel, unread, so their number counts, not when they were read.
    if (request.bodyLength > request.offeredBytes) return violation("G3", "more than had been offered at t");
  } else {
    if (headersAt > revocation.settledAt || (headersAt > t && writtenAt > t))
      return violation("G2", "headers after t");
    if (lastByteAt > revocation.settledAt || writtenAt > t) return violation("G3", "a byte after t");
  }
  if (request.ended === "complete" && request.endedAt > revocation.settledAt) {
    return violation("G3", "a stream aborted after t looked complete");
  }
  return null;
}

function partialResponse(
  request: RequestRecord,
  revocation: RevocationRecord,
): { rule: Rule; what: string } | null {
  const { smallBody, ended, status } = request;
  if (!smallBody || ended === "complete") return null;
  const what = status === 0 ? "no response" : "part of a small body";
  return { rule: "partial", what: `${what} (${timesOf(request, revocation)})` };
}

/** Milliseconds from `t`, for debugging. */
function timesOf(request: RequestRecord, { calledAt, answeredAt, settledAt }: RevocationRecord): string {
  const { startedAt, forwardedAt, headersAt, lastByteAt, writtenAt, endedAt } = request;
  const times = { calledAt, settledAt, startedAt, forwardedAt, headersAt, lastByteAt, writtenAt, endedAt };
  const shown = Object.entries(times).map(
    ([name, at]) => `${name} ${at === undefined ? "-" : (at - answeredAt).toFixed(3)}`,
  );
  return `${request.kind} on gateway ${request.gateway}, ${request.status} ${request.ended}, ms from t: ${shown.join(", ")}`;
}
