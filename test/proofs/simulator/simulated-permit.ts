/**
 * How a request takes its permit: by the gateway's own `enforceLimit`, with an eye on what comes of it.
 */
import { enforceLimit } from "../../../src/gateway/enforce-limit.ts";
import type { Lease } from "../../../src/leases/lease.ts";
import type { Admitted } from "../../../src/leases/permits.ts";
import type { PolicyRow } from "../../../src/policy.ts";
import type { Allowance } from "../../../src/rate-limits.ts";
import { isRefusal, type Refusal } from "../../../src/refusals.ts";
import type { RequestRecord, Take } from "./history.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";

/** Background work of a request simply goes on. */
const CONTEXT = { waitUntil: () => {} };

export async function takePermit(
  isolate: SimulatedIsolate,
  lease: Lease,
  request: RequestRecord,
): Promise<Admitted | Refusal> {
  const report = { row: { limit: request.plan.bucket } as PolicyRow, lease: null };
  const taken = await enforceLimit(lease, report, CONTEXT, (ask) => {
    request.permitAsks += 1;
    return isolate.askForPermits(ask);
  });
  if (!isRefusal(taken)) return watched(isolate, taken, record(isolate, lease, request, taken));
  if (taken.reason === "rate_limited") record(isolate, lease, request, taken);
  return taken;
}

function watched(isolate: SimulatedIsolate, admitted: Admitted, take: Take): Admitted {
  const { time, trace } = isolate.world;
  const refund = () => {
    trace?.(`isolate ${isolate.number}: request ${take.number} gives its permit back`);
    take.givenBackAt = time.now;
    admitted.refund();
  };
  return { ...admitted, refund: refund };
}

function record(
  isolate: SimulatedIsolate,
  { permits: { holder } }: Lease,
  request: RequestRecord,
  taken: Admitted | { readonly reason: "rate_limited"; readonly allowance: Allowance },
): Take {
  const { time, ledgerClock, history, trace } = isolate.world;
  const { allowance } = taken;
  const { key, bucket } = request.plan;
  const take: Take = {
    number: request.number,
    isolate: isolate.number,
    key,
    bucket,
    holder,
    at: time.now,
    ledgerAt: ledgerClock.now(),
    admitted: "outcome" in taken,
    allowance,
    granted: allowance ? history.granted.of(holder, bucket, allowance.resetsAt * 1000) : 0,
    ranLow: "outcome" in taken && taken.runningLow,
    heard: history.heard.get(holder) ?? 0,
    givenBackAt: null,
  };
  request.take = take;
  history.takes.push(take);
  trace?.(
    `isolate ${isolate.number}: request ${request.number} is ${take.admitted ? "admitted" : "refused"} in ${bucket}: ${JSON.stringify(allowance)}`,
  );
  return take;
}
