/**
 * Judges the changing key: once a restriction is answered, and until it is undone, no request succeeds that it forbids,
 * nor one in flight (G1, G2, G3). After the last fault each request gets what the key's terms say.
 */
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import {
  lostEveryPermitRace,
  type RequestRecord,
  statusOf,
  type TermsRecord,
  wasAccepted,
} from "./history.ts";
import { longestLeaseMsOf } from "./scenario.ts";
import type { World } from "./world.ts";

const UNDONE_BY: Readonly<Partial<Record<TermsRecord["change"], TermsRecord["change"]>>> = {
  suspend: "resume",
  narrow: "widen",
};

export function checkTerms(world: World, report: Report): void {
  const { terms, requests } = world.history;
  const changing = requests.filter(({ plan }) => plan.key === "changing");
  terms.forEach((restriction, at) => {
    const inverse = UNDONE_BY[restriction.change];
    if (inverse === undefined || restriction.answeredAt === Number.POSITIVE_INFINITY) return;
    const undone = terms.slice(at + 1).find(({ change }) => change === inverse);
    const until = undone?.writtenAt ?? Number.POSITIVE_INFINITY;
    for (const request of changing) {
      const isForbidden = restriction.change === "suspend" || request.plan.writes;
      if (isForbidden) checkForbidden(request, restriction, until, report);
    }
  });
  for (const request of changing) checkRecovered(world, request, report);
}

function checkForbidden(
  request: RequestRecord,
  { change, answeredAt }: TermsRecord,
  until: number,
  report: Report,
): void {
  const isWithin = (at: number | null) => at !== null && at > answeredAt && at < until;
  const violate = (rule: string, what: string) =>
    report(rule, `request ${request.number}: ${what} while ${change} holds, from ${answeredAt} to ${until}`);
  if (isWithin(request.arrivedAt) && isWithin(request.forwardedAt)) violate("G1", "forwarded");
  if (!wasAccepted(request)) return;
  const { headersAt, lastByteAt, plan } = request;
  if (isWithin(headersAt)) violate("G2", "accepted");
  if (isWithin(lastByteAt)) violate("G3", "a byte of its body");
  const isInBetween = headersAt !== null && lastByteAt !== null && headersAt < until && lastByteAt >= until;
  if (isInBetween && until - Math.max(answeredAt, headersAt) > 2 * plan.bytesEveryMs)
    violate("G3", "its body goes on");
}

/** Long after the last change and the last fault. */
function checkRecovered(world: World, request: RequestRecord, report: Report): void {
  const { scenario, history, disk } = world;
  const { distance } = scenario.isolates[request.isolate] ?? {};
  if (!distance || request.plan.originFails) return;
  const leasesMs = (longestLeaseMsOf(scenario.ledger) + scenario.ledger.marginMs) / (1 - DRIFT);
  const settledAt = Math.max(
    scenario.faultsEndAt,
    ...history.terms.map(({ writtenAt }) => writtenAt + leasesMs),
  );
  if (request.arrivedAt < settledAt + 2 * scenario.ledgerTimeoutMs) return;
  const shortestMs = scenario.ledger.deploy?.leaseMs ?? scenario.ledger.leaseMs;
  const tripMs =
    2 * (distance.delayMs + distance.jitterMs + scenario.budget.workMs) + scenario.ledger.confirmMs;
  if (tripMs > 0.9 * Math.min(shortestMs, scenario.ledgerTimeoutMs)) return;
  const row = disk.keys.get("changing");
  const isForbidden = request.plan.writes && row?.permissions.length !== 0;
  const expected = row?.suspended_at !== null ? 401 : isForbidden ? 403 : 200;
  const status = statusOf(request);
  if (status !== expected && status !== 429 && !lostEveryPermitRace(request))
    report("recovery", `request ${request.number}: ${status} for the changing key, not ${expected}`);
}
