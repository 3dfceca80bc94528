/**
 * Judges a history: was the promise kept, and was it tested at all? Pure.
 *
 * With `t` the moment at which the answer to a restriction had arrived, each of these is a violation, until it is undone:
 *
 * - G1: a request that it forbids started after `t` and was not refused, or reached the origin.
 * - G2: response headers with a 2xx left the gateway after `t`, or a request in flight was never answered.
 * - G3: a byte of a 2xx response left after `t`, an aborted one looked complete, or one was never aborted.
 * - partial: a request for a small body got no response or part of one, instead of a whole response or a refusal, before the
 *   gateway may have stopped gathering the body.
 * - origin: an upload whose end was sent after `t` reached the origin complete.
 * - allowed: a request that no restriction forbids was refused.
 * - undone: the restriction was undone, and a gateway accepted no request since.
 * - vacuous: the history does not show the case that it claims (evidence.ts).
 *
 * There is no tolerance in milliseconds. A byte counts as having left after `t` for one of two certain reasons: it was
 * read after the sockets had been drained of everything that was there at `t` (`settledAt`), or the origin, in this
 * same process, wrote it after `t`. One case goes undetected: a byte that had arrived at the gateway before `t`, left
 * after it, and was read in the one turn of the event loop before `settledAt`.
 */
import { GATHERING_MAX_MS } from "../../../src/gateway/gather-body.ts";
import { caseName, missingEvidence } from "./evidence.ts";
import type { Case, History, RequestRecord, RestrictionRecord } from "./history.ts";
import { restrictionOf } from "./restrictions.ts";

export type Rule = "G1" | "G2" | "G3" | "partial" | "origin" | "allowed" | "undone" | "vacuous";

export interface Violation {
  readonly rule: Rule;
  /** The restriction and the situation. */
  readonly where: string;
  readonly keyId: string;
  readonly what: string;
}

/** 503: the gateway cannot reach the ledger; 0: the connection closed without a response. */
const NO_VERDICT = [503, 0];

/** `expected`: the cases that must have occurred. */
export function violationsIn(history: History, expected: readonly Case[]): Violation[] {
  const allowed = history.requests.filter((request) => request.allowed);
  const forbidden = history.requests.filter((request) => !request.allowed);
  const byKey = {
    allowed: Map.groupBy(allowed, ({ keyId }) => keyId),
    forbidden: Map.groupBy(forbidden, ({ keyId }) => keyId),
  };
  const violations = history.restrictions.flatMap((restriction) =>
    brokenBy(restriction, byKey.forbidden.get(restriction.keyId) ?? [], history.gateways),
  );
  for (const [keyId, requests] of byKey.allowed) {
    const refused = requests.filter(({ status }) => !isAccepted(status) && !NO_VERDICT.includes(status));
    const statuses = [...new Set(refused.map(({ status }) => status))].join(", ");
    if (refused.length > 0)
      violations.push({
        rule: "allowed",
        where: "any",
        keyId,
        what: `${refused.length} refused: ${statuses}`,
      });
  }
  for (const [where, one] of new Map(expected.map((one) => [caseName(one), one]))) {
    const what = missingEvidence(one, history, byKey);
    if (what) violations.push({ rule: "vacuous", where, keyId: "every key", what });
  }
  return violations;
}

/** The rules that the requests which one restriction forbids have broken. */
function brokenBy(
  restriction: RestrictionRecord,
  requests: readonly RequestRecord[],
  gateways: number,
): Violation[] {
  const violations: Violation[] = [];
  const report = ({ rule, what }: Broken) =>
    violations.push({ rule, where: caseName(restriction), keyId: restriction.keyId, what });
  const { calledAt, undoneAt = Infinity } = restriction;
  for (const request of requests) {
    if (request.startedAt > undoneAt) continue;
    const broken = brokenRule(request, restriction) ?? partialResponse(request, restriction);
    if (broken) report(broken);
  }
  const accepted = requests.filter(({ status }) => isAccepted(status));
  if (!accepted.some(({ headersAt = Infinity }) => headersAt < calledAt))
    report({ rule: "vacuous", what: "no request was accepted before" });
  const since = new Set(
    accepted.filter(({ startedAt }) => startedAt > undoneAt).map(({ gateway }) => gateway),
  );
  if (undoneAt !== Infinity && since.size < gateways)
    report({ rule: "undone", what: `accepted on ${since.size} of ${gateways} gateways since it was undone` });
  return violations;
}

interface Broken {
  readonly rule: Rule;
  readonly what: string;
}

function isAccepted(status: number): boolean {
  return status >= 200 && status < 300;
}

function brokenRule(request: RequestRecord, restriction: RestrictionRecord): Broken | null {
  const t = restriction.answeredAt;
  const violation = (rule: Rule, what: string) => ({
    rule,
    what: `${what} (${timesOf(request, restriction)})`,
  });

  if (request.startedAt > t) {
    if (isAccepted(request.status)) return violation("G1", "accepted, started after t");
    if (request.forwardedAt !== undefined) return violation("G1", "forwarded, started after t");
    if (![restrictionOf(restriction.restriction).status, ...NO_VERDICT].includes(request.status))
      return violation("G1", "neither accepted nor refused, started after t");
    return null;
  }
  if (request.closedByClient) return violation(isAccepted(request.status) ? "G3" : "G2", "left open after t");
  if (request.kind === "upload" && request.uploadedWhole)
    return violation("origin", "an upload continued after t");
  if (!isAccepted(request.status)) return null;

  const { headersAt = Infinity, lastByteAt = Infinity, writtenAt = -Infinity } = request;
  if (request.offeredBytes !== undefined) {
    // Its bytes waited in the kernel, unread, so their number counts, not when they were read.
    if (request.bodyLength > request.offeredBytes) return violation("G3", "more than had been offered at t");
  } else {
    if (headersAt > restriction.settledAt || (headersAt > t && writtenAt > t))
      return violation("G2", "headers after t");
    if (lastByteAt > restriction.settledAt || writtenAt > t) return violation("G3", "a byte after t");
  }
  if (request.ended === "complete" && request.endedAt > restriction.settledAt) {
    return violation("G3", "a stream aborted after t looked complete");
  }
  return null;
}

function partialResponse(request: RequestRecord, restriction: RestrictionRecord): Broken | null {
  const { smallBody, ended, endedAt, originAnsweredAt = endedAt, status } = request;
  if (!smallBody || ended === "complete") return null;
  // An overloaded machine may need longer to pass the body on than the gateway gathers it.
  if (endedAt - originAnsweredAt >= GATHERING_MAX_MS) return null;
  const what = status === 0 ? "no response" : "part of a small body";
  return { rule: "partial", what: `${what} (${timesOf(request, restriction)})` };
}

/** Milliseconds from `t`, for debugging. */
function timesOf(request: RequestRecord, { calledAt, answeredAt, settledAt }: RestrictionRecord): string {
  const { startedAt, forwardedAt, headersAt, lastByteAt, writtenAt, endedAt } = request;
  const times = { calledAt, settledAt, startedAt, forwardedAt, headersAt, lastByteAt, writtenAt, endedAt };
  const shown = Object.entries(times).map(
    ([name, at]) => `${name} ${at === undefined ? "-" : (at - answeredAt).toFixed(3)}`,
  );
  return `${request.kind} on gateway ${request.gateway}, ${request.status} ${request.ended}, ms from t: ${shown.join(", ")}`;
}
