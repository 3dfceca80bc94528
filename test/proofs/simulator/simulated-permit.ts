/**
 * Decides on a request's permit with the gateway's own `enforceLimit`, and records the decision.
 */
import { enforceLimit, type LimitContext } from "../../../src/gateway/enforce-limit.ts";
import type { Lease } from "../../../src/leases/lease.ts";
import type { Admitted } from "../../../src/leases/permits.ts";
import type { PolicyRow } from "../../../src/policy.ts";
import type { Allowance } from "../../../src/rate-limits.ts";
import { isRefusal, type Refusal } from "../../../src/refusals.ts";
import type { PermitDecision, RequestRecord } from "./history.ts";
import type { SimulatedContext } from "./simulated-context.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";

export async function decidePermit(
  isolate: SimulatedIsolate,
  user: SimulatedContext,
  lease: Lease,
  request: RequestRecord,
): Promise<Admitted | Refusal> {
  const hasWaited = request.waitedMs !== null && request.waitedMs > 0;
  const row = { limit: request.plan.bucket } as PolicyRow;
  const report = { row, lease: hasWaited ? ("miss" as const) : null };
  const context: LimitContext = {
    ...user,
    report,
    waitForLedger: (call) => {
      request.permitRequests += 1;
      return isolate.requestPermits(call);
    },
  };
  const outcome = await enforceLimit(context, lease);
  if (!isRefusal(outcome))
    return recordRefund(isolate, outcome, recordDecision(isolate, lease, request, outcome));
  if (outcome.reason === "rate_limited") recordDecision(isolate, lease, request, outcome);
  return outcome;
}

function recordRefund(isolate: SimulatedIsolate, admitted: Admitted, decision: PermitDecision): Admitted {
  const { time, trace } = isolate.world;
  const refund = () => {
    trace?.(`isolate ${isolate.number}: permit of request ${decision.number} refunded`);
    decision.refundedAt = time.now;
    admitted.refund();
  };
  return { ...admitted, refund };
}

function recordDecision(
  isolate: SimulatedIsolate,
  { permits: { holder } }: Lease,
  request: RequestRecord,
  outcome: Admitted | { readonly reason: "rate_limited"; readonly allowance: Allowance },
): PermitDecision {
  const { time, ledgerClock, history, trace } = isolate.world;
  const { allowance } = outcome;
  const { key, bucket } = request.plan;
  const decision: PermitDecision = {
    number: request.number,
    isolate: isolate.number,
    key,
    bucket,
    holder,
    at: time.now,
    ledgerAt: ledgerClock.now(),
    admitted: "outcome" in outcome,
    allowance,
    granted: allowance ? history.granted.grantedTo(holder, bucket, allowance.resetsAt * 1000) : 0,
    ranLow: "outcome" in outcome && outcome.runningLow,
    answersReceived: history.answersReceived.get(holder) ?? 0,
    refundedAt: null,
  };
  request.decision = decision;
  history.decisions.push(decision);
  trace?.(
    `isolate ${isolate.number}: request ${request.number} is ${decision.admitted ? "admitted" : "refused"} in ${bucket}: ${JSON.stringify(allowance)}`,
  );
  return decision;
}
