/**
 * Judges a history: was the promise kept, and was it put to the test at all? Pure.
 *
 * With `t` the moment the answer to `revoke` was here, each of these is a violation:
 *
 * - G1: a request that started after `t` was answered other than by a refusal, or was seen by the origin.
 * - G2: response headers with a 2xx left the gateway after `t`, or a request under way was never answered.
 * - G3: a byte of a 2xx response left after `t`, one that was cut looked complete, or one was never cut.
 * - origin: an upload whose end was sent after `t` reached the origin whole.
 * - bystander: a key that nobody revoked was answered 401.
 * - vacuous: the history does not show what it claims to show (evidence.ts).
 *
 * No tolerance in milliseconds. A byte counts as having left after `t` for one of two reasons, each
 * certain: it was read after the sockets had been emptied of what was there at `t` (`settledAt`), or the
 * origin, in this same process, wrote it after `t`. What may go unseen is a byte that had arrived at the
 * gateway before `t`, left after it, and was read in the one turn of the event loop before `settledAt`.
 */
import { missingEvidence } from "./evidence.ts";
import type { History, SeenRequest, SeenRevocation, Situation } from "./history.ts";

export type Rule = "G1" | "G2" | "G3" | "origin" | "bystander" | "vacuous";

export interface Violation {
  readonly rule: Rule;
  readonly situation: Situation | "bystander";
  readonly keyId: string;
  readonly what: string;
}

/** 503 comes from a gateway that cannot reach the ledger; 0 from a connection that ended under the request. */
const REFUSALS = [401, 503, 0];

/** `expected`: the situations that must have occurred. */
export function violationsIn(history: History, expected: readonly Situation[]): Violation[] {
  const byKey = Map.groupBy(history.requests, (request) => request.keyId);
  const violations: Violation[] = [];
  for (const revocation of history.revocations) {
    const { keyId, situation } = revocation;
    const requests = byKey.get(keyId) ?? [];
    for (const request of requests) {
      const broken = brokenRule(request, revocation);
      if (broken) violations.push({ rule: broken.rule, situation, keyId, what: broken.what });
    }
    if (
      !requests.some(
        (request) => isAccepted(request) && (request.headersAt ?? Infinity) < revocation.calledAt,
      )
    ) {
      violations.push({ rule: "vacuous", situation, keyId, what: "nothing was accepted before" });
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

function isAccepted({ status }: SeenRequest): boolean {
  return status >= 200 && status < 300;
}

function brokenRule(request: SeenRequest, revocation: SeenRevocation): { rule: Rule; what: string } | null {
  const t = revocation.answeredAt;
  const says = (rule: Rule, what: string) => ({ rule, what: `${what} (${timesOf(request, revocation)})` });

  if (request.startedAt > t) {
    if (isAccepted(request)) return says("G1", "accepted, started after t");
    if (request.forwardedAt !== undefined) return says("G1", "forwarded, started after t");
    if (!REFUSALS.includes(request.status))
      return says("G1", "neither accepted nor refused, started after t");
    return null;
  }
  if (request.givenUp) return says(isAccepted(request) ? "G3" : "G2", "left open after t");
  if (request.kind === "upload" && request.uploadedWhole) return says("origin", "an upload went on after t");
  if (!isAccepted(request)) return null;

  const { headersAt = Infinity, lastByteAt = Infinity, writtenAt = -Infinity } = request;
  if (request.offeredBytes !== undefined) {
    // Its bytes lay in the kernel, unread, so when they were read says nothing: how many there are does.
    if (request.bodyLength > request.offeredBytes) return says("G3", "more than had been offered at t");
  } else {
    if (headersAt > revocation.settledAt || (headersAt > t && writtenAt > t))
      return says("G2", "headers after t");
    if (lastByteAt > revocation.settledAt || writtenAt > t) return says("G3", "a byte after t");
  }
  if (request.ended === "complete" && request.endedAt > revocation.settledAt) {
    return says("G3", "a stream cut after t looked complete");
  }
  return null;
}

/** Milliseconds from `t`, for whoever must find out what happened. */
function timesOf(request: SeenRequest, { calledAt, answeredAt, settledAt }: SeenRevocation): string {
  const { startedAt, forwardedAt, headersAt, lastByteAt, writtenAt, endedAt } = request;
  const times = { calledAt, settledAt, startedAt, forwardedAt, headersAt, lastByteAt, writtenAt, endedAt };
  const shown = Object.entries(times).map(
    ([name, at]) => `${name} ${at === undefined ? "-" : (at - answeredAt).toFixed(3)}`,
  );
  return `${request.kind} on gateway ${request.gateway}, ${request.status} ${request.ended}, ms from t: ${shown.join(", ")}`;
}
