/**
 * A request with an API key, from its arrival to its response: the steps in order, nothing else.
 *
 * accept → authenticate → authorize → limit → forward, one file each. A step returns the input of the next one or a
 * refusal; the first refusal ends the request.
 */

import type { Env } from "../env.ts";
import type { KeyFinder } from "../keys/find-key.ts";
import { KeyCache } from "../leases/key-cache.ts";
import { LeaseClock } from "../leases/lease-clock.ts";
import type { Terms } from "../leases/protocol.ts";
import { isRefusal, type Refusal, refusalResponse } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { acceptRequest } from "./accept-request.ts";
import { refuseAddress } from "./allowed-addresses.ts";
import { authenticateKey } from "./authenticate-key.ts";
import { authorizeRow, findRow } from "./authorize-route.ts";
import { enforceLimit } from "./enforce-limit.ts";
import { forwardToOrigin } from "./forward-to-origin.ts";
import { hasKeyInUrl } from "./key-in-url.ts";
import { countRequest } from "./metrics.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import { type GatewayContext, RequestContext } from "./request-context.ts";
import { RequestLifetime } from "./request-lifetime.ts";
import { logRequest } from "./request-log.ts";
import { finishRequest, RequestReport } from "./request-report.ts";
import { isTraced, traceStep } from "./trace-request.ts";

const FAULT: Refusal = { reason: "exception" };

/** One per isolate: it owns the key cache. */
export class Gateway {
  readonly #context: GatewayContext;
  readonly #keys: KeyCache;

  constructor(env: Env, settings: Settings, finder: KeyFinder, now: () => number) {
    const clock = new LeaseClock(now);
    this.#context = { settings, clock };
    this.#keys = new KeyCache(env, settings, finder, clock);
  }

  async answer(request: Request, requestId: string, ctx: ExecutionContext): Promise<Response> {
    const lifetime = new RequestLifetime(request, ctx);
    const report = new RequestReport(
      requestId,
      request.method,
      this.#context.clock.checkForStep(),
      isTraced(),
    );
    try {
      return await this.#answer(new RequestContext(request, this.#context, lifetime, report));
    } finally {
      lifetime.finish();
    }
  }

  async #answer(context: RequestContext): Promise<Response> {
    const { settings, clock, report } = context;
    const outcome = await this.#runSteps(context).catch((error): Refusal => {
      context.logException(error);
      context.inFlight?.abort(FAULT);
      return FAULT;
    });
    const refusal = isRefusal(outcome) ? outcome : null;
    const response = isRefusal(outcome)
      ? refusalResponse(outcome, report.requestId, settings.docsUrl)
      : outcome;
    if (refusal && response.status >= 500) report.permit?.refund();
    // An aborted request returns no permits, which would keep it alive: the platform ends its fetch with the request.
    if (!context.inFlight?.refusal) report.key?.lease.returnUnused(context);
    if (refusal) addRateLimit(response, refusal, report);

    const finished = finishRequest(report, response.status, refusal?.reason ?? null, clock.now());
    countRequest(settings.usage, finished, clock.drainSteps());
    if (isLogged(refusal, settings)) logRequest(finished);
    // A refusal carries no times, which could be a side channel.
    if (settings.serverTiming && !refusal) {
      // Appended, so that the origin's own Server-Timing stays.
      response.headers.append(
        "Server-Timing",
        `gateway;dur=${finished.gatewayMs}, origin;dur=${report.originMs ?? 0}`,
      );
    }
    return response;
  }

  async #runSteps(context: RequestContext): Promise<Response | Refusal> {
    const { request, settings, report } = context;

    const accepted = acceptRequest(request);
    if (isRefusal(accepted)) return accepted;

    const row = findRow(request.method, accepted.path);
    const bucket = isRefusal(row) ? "requests" : (row.limit ?? "requests");
    const key = await traceStep("authenticate", report, () => authenticateKey(context, this.#keys, bucket));
    if (isRefusal(key)) return key;
    if (!isRefusal(row)) report.row = row;
    const { record, lease } = key;
    const hasSandbox = settings.sandboxOrigin !== null;
    const { address } = context;
    const judge = (terms: Terms) =>
      refuseAddress(terms, address) ??
      (isRefusal(row) ? row : authorizeRow(row, record.mode, terms, hasSandbox));
    // A test key on a live-only endpoint is answered like a bad key, and does not count. Other refusals count.
    const early = judge(lease.terms);
    if (early?.reason === "live_only") return early;

    const permit = await enforceLimit(context, lease);
    if (isRefusal(permit)) return permit;
    report.permit = permit;
    // Again: the terms may have changed while it waited for a permit.
    const refusal = judge(lease.terms);
    if (refusal) return refusal;
    if (hasKeyInUrl(request.url)) return { reason: "key_in_url" };

    return await traceStep("forward", report, () => forwardToOrigin(context, accepted, key, judge));
  }
}

/** An exception has its own line already. */
function isLogged(refusal: Refusal | null, { logSampleRate }: Settings): boolean {
  return refusal ? refusal.reason !== "exception" : Math.random() < logSampleRate;
}

/** Not on a 401: all are alike, also that of a key that was revoked while its request was in flight. */
function addRateLimit(response: Response, refusal: Refusal, report: RequestReport): void {
  const allowance = refusal.reason === "rate_limited" ? refusal.allowance : report.permit?.allowance;
  if (!allowance || response.status === 401) return;
  for (const [name, value] of Object.entries(rateLimitHeaders(allowance))) response.headers.set(name, value);
}
