/**
 * One request through the gateway, in the order of `gateway.ts` and `forward-to-origin.ts`: a lease, a permit, the
 * forward, the origin, a lease again, the headers, the body.
 *
 * A copy of that order, since those files stand on the platform's fetch and streams. The rules it
 * strings together, `secureLease` and `Flight`, are the real ones. Bytes of a body leave by themselves,
 * without the isolate, until it cuts them off.
 */
import { InFlightRequest } from "../../../src/gateway/in-flight-request.ts";
import { isRefusal, type Refusal } from "../../../src/refusals.ts";
import type { RequestRecord } from "./history.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import { takePermit } from "./simulated-permit.ts";

/** What the gateway itself fails at costs the client no permit. */
const GATEWAY_FAILURES = new Set(["origin_unreachable", "origin_timeout", "ledger_unreachable"]);

export async function serveRequest(isolate: SimulatedIsolate, request: RequestRecord): Promise<void> {
  const { time, scenario } = isolate.world;
  const lease = isolate.leaseOn(request.plan.key);
  lease.permits.waiting += 1;
  const refusal = await isolate.secure(lease, false);
  lease.permits.waiting -= 1;
  request.waitedMs = time.now - request.arrivedAt;
  if (refusal) return refuse(isolate, request, refusal);

  const permit = await takePermit(isolate, lease, request);
  if (isRefusal(permit)) return refuse(isolate, request, permit);
  const fail = (reason: Refusal) => {
    if (GATEWAY_FAILURES.has(reason.reason)) permit.refund();
    refuse(isolate, request, reason);
  };

  const flight = new InFlightRequest(lease, isolate.flightTime, scenario.originTimeoutMs);
  const { clientGoneAfterMs } = request.plan;
  if (clientGoneAfterMs !== null) {
    time.after(
      clientGoneAfterMs,
      isolate.entry(() => flight.abort({ reason: "client_gone" })),
    );
  }
  if (!(await flight.unlessAborted(originAnswers(isolate, request, flight)))) {
    flight.complete();
    return fail(flight.refusal ?? { reason: "origin_unreachable" });
  }
  flight.headersReceived();

  const lateRefusal = await isolate.secure(lease, request.plan.bodyMs > 0);
  if (lateRefusal) {
    flight.abort(lateRefusal);
    return fail(flight.refusal ?? lateRefusal);
  }
  if (request.plan.bodyMs > 0) return sendBody(isolate, request, flight);
  flight.complete();
  isolate.effect(() => {
    sendHeaders(isolate, request, null);
    isolate.close(request);
  });
}

function refuse(isolate: SimulatedIsolate, request: RequestRecord, refusal: Refusal): void {
  isolate.effect(() => {
    sendHeaders(isolate, request, refusal);
    isolate.close(request);
  });
}

function sendHeaders(isolate: SimulatedIsolate, request: RequestRecord, refusal: Refusal | null): void {
  const { time, trace } = isolate.world;
  request.headersAt = time.now;
  request.refusal = refusal;
  trace?.(`isolate ${isolate.number}: request ${request.number} is answered: ${refusal?.reason ?? "200"}`);
}

/** false: the origin broke off. The end of the flight ends the fetch as well. */
function originAnswers(
  isolate: SimulatedIsolate,
  request: RequestRecord,
  flight: InFlightRequest,
): Promise<boolean> {
  const { time, trace, originsAtWork } = isolate.world;
  return new Promise((resolve) => {
    const enter = isolate.entry(() => resolve(!request.plan.originFails));
    const arrive = () => {
      originsAtWork.delete(arrive);
      enter();
    };
    flight.signal.addEventListener("abort", () => originsAtWork.delete(arrive));
    isolate.effect(() => {
      if (flight.refusal) return;
      request.forwardedAt = time.now;
      trace?.(`isolate ${isolate.number}: request ${request.number} is forwarded`);
      originsAtWork.add(arrive);
      time.after(request.plan.originMs, arrive);
    });
  });
}

function sendBody(isolate: SimulatedIsolate, request: RequestRecord, flight: InFlightRequest): void {
  const { time } = isolate.world;
  const { bodyMs, bytesEveryMs } = request.plan;
  let cut = false;
  const end = (complete: boolean) => {
    const { headersAt } = request;
    if (request.endedAt !== null || headersAt === null) return;
    const lastOne = Math.floor((time.now - headersAt) / bytesEveryMs) * bytesEveryMs;
    request.lastByteAt = complete ? time.now : headersAt + lastOne;
    endBody(isolate, request, complete);
  };
  const cutOff = () =>
    isolate.effect(() => {
      cut = true;
      end(false);
    });

  flight.bodyStarted();
  if (flight.signal.aborted) cutOff();
  else flight.signal.addEventListener("abort", cutOff);
  isolate.effect(() => {
    sendHeaders(isolate, request, null);
    if (cut) return endBody(isolate, request, false);
    const land = isolate.entry(() => flight.complete());
    time.after(bodyMs, () => {
      end(true);
      land();
    });
  });
}

function endBody(isolate: SimulatedIsolate, request: RequestRecord, complete: boolean): void {
  request.bodyComplete = complete;
  isolate.world.trace?.(
    `isolate ${isolate.number}: the body of request ${request.number} ${complete ? "ends" : "is cut"}`,
  );
  isolate.close(request);
}
