/**
 * Judges changes of terms: once a restriction is answered, and until it is undone, no request succeeds that it forbids,
 * nor one in flight (G1, G2, G3). After the last fault each request with the
 * changing key gets what its terms say.
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
import { accountOf, type LeaseRow } from "./ledger-rules.ts";
import { longestLeaseMsOf, type RequestPlan } from "./scenario.ts";
import { TERMS_CHANGES } from "./terms-changes.ts";
import type { World } from "./world.ts";

export function checkTerms(world: World, report: Report): void {
  const { requests } = world.history;
  for (const { record, until, forbids } of restrictionsOf(world)) {
    if (record.answeredAt === Number.POSITIVE_INFINITY) continue;
    for (const request of requests) if (forbids(request.plan)) checkForbidden(request, record, until, report);
  }
  for (const request of requests) if (request.plan.key === "changing") checkRecovered(world, request, report);
}

interface MadeRestriction {
  readonly record: TermsRecord;
  /** When a change that undoes it was written, perhaps. */
  readonly until: number;
  readonly forbids: (plan: RequestPlan) => boolean;
}

function restrictionsOf({ history: { terms } }: World): MadeRestriction[] {
  return terms.flatMap((record, at) => {
    const { forbids, undoneBy } = TERMS_CHANGES[record.change];
    if (!forbids) return [];
    const undone = terms.slice(at + 1).find(({ change }) => change === undoneBy);
    return [{ record, until: undone?.writtenAt ?? Number.POSITIVE_INFINITY, forbids }];
  });
}

/** Whether its account may be suspended for it: from the write until every isolate has asked again since it was resumed. */
export function mayBeSuspended({ history, scenario }: World, { arrivedAt, endedAt }: RequestRecord): boolean {
  const { terms } = history;
  const leasesMs = (longestLeaseMsOf(scenario.ledger) + scenario.ledger.marginMs) / (1 - DRIFT);
  return terms.some(({ change, writtenAt }, at) => {
    if (change !== "suspend account" || writtenAt > (endedAt ?? Number.POSITIVE_INFINITY)) return false;
    const resumed = terms.slice(at + 1).filter((later) => later.change === "resume account");
    return arrivedAt <= Math.min(...resumed.map(({ answeredAt }) => answeredAt)) + leasesMs;
  });
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
  const row = disk.keys.get("changing") as LeaseRow;
  const account = accountOf(disk.metadata);
  const { writes, outside } = request.plan;
  const narrowed = row.allowed_ips.length > 0 || account.allowed_ips.length > 0;
  const isForbidden = (writes && row.permissions.length > 0) || (outside && narrowed);
  const isSuspended = row.suspended_at !== null || account.suspended_at !== null;
  const expected = isSuspended ? 401 : isForbidden ? 403 : 200;
  const status = statusOf(request);
  if (status !== expected && status !== 429 && !lostEveryPermitRace(request))
    report("recovery", `request ${request.number}: ${status} for the changing key, not ${expected}`);
}
