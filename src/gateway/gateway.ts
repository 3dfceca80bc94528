/**
 * A request with an API key, from the first look to the answer: the steps in order, nothing else.
 *
 * accept → authenticate → authorize → limit → forward, each in the file of that name. Each step either passes on
 * what the next one needs or says no; the first no ends the request.
 */

import type { Env } from "../env.ts";
import type { RecordFinder } from "../keys/find-record.ts";
import { KeyCache } from "../leases/key-cache.ts";
import { LeaseClock } from "../leases/lease-clock.ts";
import type { Allowance } from "../rate-limits.ts";
import { isRefusal, type Refusal, refusalResponse } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { acceptRequest } from "./accept-request.ts";
import { authenticateKey } from "./authenticate-key.ts";
import { authorizeRow, findRow } from "./authorize-route.ts";
import { enforceLimit } from "./enforce-limit.ts";
import type { TraceLedgerCall } from "./ensure-valid.ts";
import { forwardToOrigin } from "./forward-to-origin.ts";
import type { InFlightTime } from "./in-flight-request.ts";
import { countRequest } from "./metrics.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import { RequestLifetime } from "./request-lifetime.ts";
import { logRequest } from "./request-log.ts";
import { finishRequest, RequestReport } from "./request-report.ts";
import { isTraced, traceLease, traceStep } from "./trace-request.ts";

/** One per isolate: it holds what the isolate remembers. */
export class Gateway {
  readonly #settings: Settings;
  readonly #keys: KeyCache;
  readonly #time: InFlightTime;

  constructor(env: Env, settings: Settings, finder: RecordFinder) {
    const clock = new LeaseClock(() => Date.now());
    this.#settings = settings;
    this.#keys = new KeyCache(env, settings, finder, clock);
    this.#time = { clock, schedule };
  }

  async answer(request: Request, requestId: string, ctx: ExecutionContext): Promise<Response> {
    const lifetime = new RequestLifetime(request, ctx);
    try {
      return await this.#answer(request, requestId, lifetime);
    } finally {
      lifetime.finish();
    }
  }

  async #answer(request: Request, requestId: string, lifetime: RequestLifetime): Promise<Response> {
    const report = new RequestReport(requestId, request.method, Date.now(), isTraced());
    const outcome = await this.#takeSteps(request, report, lifetime);
    const refusal = isRefusal(outcome) ? outcome : null;
    const response = isRefusal(outcome) ? refusalResponse(outcome, requestId) : outcome;
    if (refusal && response.status >= 500) report.permit?.refund();
    if (refusal)
      addRateLimit(
        response,
        refusal.reason === "rate_limited" ? refusal.allowance : report.permit?.allowance,
      );

    const finished = finishRequest(report, response.status, refusal?.reason ?? null, Date.now());
    countRequest(this.#settings.usage, finished);
    if (refusal || Math.random() < this.#settings.logSampleRate) logRequest(finished);
    // Refusals are all alike, so that nobody can measure them.
    if (this.#settings.serverTiming && !refusal) {
      // The origin's own figures stay.
      response.headers.append(
        "Server-Timing",
        `gateway;dur=${finished.gatewayMs}, origin;dur=${report.originMs ?? 0}`,
      );
    }
    return response;
  }

  async #takeSteps(
    request: Request,
    report: RequestReport,
    lifetime: RequestLifetime,
  ): Promise<Response | Refusal> {
    const settings = this.#settings;
    // What it learns of the key and its permits is everybody's.
    const watch: TraceLedgerCall = (ask) => {
      lifetime.keepAlive();
      return traceLease(ask);
    };

    const accepted = acceptRequest(request);
    if (isRefusal(accepted)) return accepted;

    const key = await traceStep("authenticate", report, () =>
      authenticateKey(request, this.#keys, report, lifetime, watch),
    );
    if (isRefusal(key)) return key;

    const row = findRow(request.method, accepted.path);
    if (!isRefusal(row)) report.row = row;
    const refusal = isRefusal(row) ? row : authorizeRow(row, key.record, settings.sandboxOrigin !== null);
    // A test key on a live-only endpoint is no key there at all. Whatever else is refused counts, too.
    if (refusal?.reason === "live_only") return refusal;

    const permit = await enforceLimit(key.lease, report, lifetime, watch);
    if (isRefusal(permit)) return permit;
    report.permit = permit;
    if (refusal) return refusal;

    return await traceStep("forward", report, () =>
      forwardToOrigin({ request, accepted, key, report, settings, time: this.#time, lifetime, watch }),
    );
  }
}

/** What a refusal says of the limit. Every 401 is like any other, also that of a key which died meanwhile. */
function addRateLimit(response: Response, allowance: Allowance | null | undefined): void {
  if (!allowance || response.status === 401) return;
  for (const [name, value] of Object.entries(rateLimitHeaders(allowance))) response.headers.set(name, value);
}

function schedule(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}
