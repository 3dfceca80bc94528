/**
 * One request through the gateway, in the order of `gateway.ts` and `forward-to-origin.ts`: lease, permit, forward,
 * origin, lease again, headers, body.
 *
 * It repeats that order because those files depend on the platform's fetch and streams. The rules that it
 * composes, `Lease` and `InFlightRequest`, are the real ones. Bytes of a body leave without the isolate's
 * involvement until it aborts them.
 */
import { refuseAddress } from "../../../src/gateway/allowed-addresses.ts";
import { InFlightRequest } from "../../../src/gateway/in-flight-request.ts";
import type { Lease } from "../../../src/leases/lease.ts";
import type { Admitted } from "../../../src/leases/permits.ts";
import type { Terms } from "../../../src/leases/protocol.ts";
import { isRefusal, type Refusal } from "../../../src/refusals.ts";
import type { RequestRecord } from "./history.ts";
import type { SimulatedContext } from "./simulated-context.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import { decidePermit } from "./simulated-permit.ts";
import { INSIDE, OUTSIDE } from "./terms-changes.ts";

/** Failures of the gateway itself, for which the client's permit is refunded. */
const GATEWAY_FAILURES = new Set(["origin_unreachable", "origin_timeout", "ledger_unreachable"]);

export async function serveRequest(
  isolate: SimulatedIsolate,
  context: SimulatedContext,
  request: RequestRecord,
): Promise<void> {
  const lease = isolate.leaseOn(request.plan.key);
  const inFlight = await runSteps(isolate, context, lease, request);
  // As in gateway.ts: not after an abort.
  if (!inFlight?.refusal) isolate.watchPermits(lease, context);
}

/** The request in flight, if it was forwarded. */
async function runSteps(
  isolate: SimulatedIsolate,
  context: SimulatedContext,
  lease: Lease,
  request: RequestRecord,
): Promise<InFlightRequest | null> {
  const { time } = isolate.world;
  const { bucket } = request.plan;
  const refusal = await isolate.observe(lease, () => lease.ensureValid(context, bucket));
  request.waitedMs = time.now - request.arrivedAt;
  if (refusal) return refuse(isolate, request, refusal);

  const address = addressRefusal(request, lease.terms);
  if (address) return refuse(isolate, request, address);

  const permit = await decidePermit(isolate, context, lease, request);
  if (isRefusal(permit)) return refuse(isolate, request, permit);
  const forbidden = judgeOf(request)(lease.terms);
  if (forbidden) return refuse(isolate, request, forbidden);
  return await forward(isolate, context, lease, request, permit);
}

async function forward(
  isolate: SimulatedIsolate,
  context: SimulatedContext,
  lease: Lease,
  request: RequestRecord,
  permit: Admitted,
): Promise<InFlightRequest> {
  const { time, scenario } = isolate.world;
  const judge = judgeOf(request);

  const inFlight = new InFlightRequest(lease, context, judge, scenario.originTimeoutMs);
  const fail = (reason: Refusal) => {
    if (GATEWAY_FAILURES.has(reason.reason)) permit.refund();
    refuse(isolate, request, reason);
    return inFlight;
  };
  const { clientGoneAfterMs } = request.plan;
  if (clientGoneAfterMs !== null) {
    time.after(
      clientGoneAfterMs,
      isolate.eventHandler(() => inFlight.abort({ reason: "client_gone" })),
    );
  }
  if (!(await inFlight.unlessAborted(originAnswers(isolate, request, inFlight)))) {
    inFlight.complete();
    return fail(inFlight.refusal ?? { reason: "origin_unreachable" });
  }
  inFlight.headersReceived();

  const bodyFollows = request.plan.bodyMs > 0;
  const ensureForResponse = () => lease.ensureValidForResponse(context, bodyFollows);
  const lateRefusal = await isolate.observe(lease, ensureForResponse);
  if (lateRefusal) inFlight.abort(lateRefusal);
  const ended = inFlight.judge() ?? lateRefusal;
  if (ended) return fail(ended);
  if (request.plan.bodyMs > 0) {
    sendBody(isolate, request, inFlight);
    return inFlight;
  }
  inFlight.complete();
  isolate.effect(() => {
    sendHeaders(isolate, request, null);
    isolate.close(request);
  });
  return inFlight;
}

/** With `authorizeRow` for a request that needs `posts:write`, or nothing. */
function judgeOf(request: RequestRecord): (terms: Terms) => Refusal | null {
  return (terms) => {
    const { permissions } = terms;
    const address = addressRefusal(request, terms);
    if (address || !request.plan.writes || permissions.length === 0) return address;
    return permissions.includes("posts:write")
      ? null
      : { reason: "missing_permission", permission: "posts:write" };
  };
}

function addressRefusal({ plan }: RequestRecord, terms: Terms): Refusal | null {
  return refuseAddress(terms, plan.outside ? OUTSIDE : INSIDE);
}

function refuse(isolate: SimulatedIsolate, request: RequestRecord, refusal: Refusal): null {
  isolate.effect(() => {
    sendHeaders(isolate, request, refusal);
    isolate.close(request);
  });
  return null;
}

function sendHeaders(isolate: SimulatedIsolate, request: RequestRecord, refusal: Refusal | null): void {
  const { time, trace } = isolate.world;
  request.headersAt = time.now;
  request.refusal = refusal;
  trace?.(`isolate ${isolate.number}: request ${request.number} answered: ${refusal?.reason ?? "200"}`);
}

/** false: the origin closed the connection. Aborting the request aborts the fetch as well. */
function originAnswers(
  isolate: SimulatedIsolate,
  request: RequestRecord,
  inFlight: InFlightRequest,
): Promise<boolean> {
  const { time, trace, pendingOrigins } = isolate.world;
  return new Promise((resolve) => {
    const enter = isolate.eventHandler(() => resolve(!request.plan.originFails));
    const arrive = () => {
      pendingOrigins.delete(arrive);
      enter();
    };
    inFlight.signal.addEventListener("abort", () => pendingOrigins.delete(arrive));
    isolate.effect(() => {
      if (inFlight.judge()) return;
      request.forwardedAt = time.now;
      trace?.(`isolate ${isolate.number}: request ${request.number} forwarded`);
      pendingOrigins.add(arrive);
      time.after(request.plan.originMs, arrive);
    });
  });
}

function sendBody(isolate: SimulatedIsolate, request: RequestRecord, inFlight: InFlightRequest): void {
  const { time } = isolate.world;
  const { bodyMs, bytesEveryMs } = request.plan;
  let cut = false;
  const end = (complete: boolean) => {
    const { headersAt } = request;
    if (request.endedAt !== null || headersAt === null) return;
    const sentMs = Math.max(0, isolate.sentUntil(time.now) - headersAt);
    const lastOne = Math.floor(sentMs / bytesEveryMs) * bytesEveryMs;
    request.lastByteAt = complete ? time.now : headersAt + lastOne;
    endBody(isolate, request, complete);
  };
  const cutOff = () =>
    isolate.effect(() => {
      cut = true;
      end(false);
    });

  inFlight.bodyStarted();
  if (inFlight.signal.aborted) cutOff();
  else inFlight.signal.addEventListener("abort", cutOff);
  isolate.effect(() => {
    sendHeaders(isolate, request, null);
    if (cut) return endBody(isolate, request, false);
    const land = isolate.eventHandler(() => inFlight.complete());
    time.after(bodyMs, () =>
      isolate.whenSending(() => {
        end(true);
        land();
      }),
    );
  });
}

function endBody(isolate: SimulatedIsolate, request: RequestRecord, complete: boolean): void {
  request.bodyComplete = complete;
  isolate.world.trace?.(
    `isolate ${isolate.number}: body of request ${request.number} ${complete ? "complete" : "aborted"}`,
  );
  isolate.close(request);
}
