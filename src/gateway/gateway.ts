/**
 * A request with an API key, from the first look to the answer: the steps in order, nothing else.
 *
 * accept → authenticate → authorize → limit → forward, each in the file of that name. Each step either passes on
 * what the next one needs or says no; the first no ends the request.
 */
import type { Env, Settings } from "../bindings.ts";
import type { RecordFinder } from "../keys/find-record.ts";
import { KnownKeys } from "../keys/known-keys.ts";
import { LeaseClock } from "../keys/lease.ts";
import type { Allowance } from "../keys/permits.ts";
import { logRequest } from "../log.ts";
import { countRequest } from "../metrics.ts";
import { isRefusal, type Refusal, refusalResponse } from "../refusals.ts";
import { finishRequest, RequestReport } from "../request-report.ts";
import { acceptRequest } from "./accept-request.ts";
import { authenticateKey } from "./authenticate-key.ts";
import { authorizeRow, findRow } from "./authorize-route.ts";
import { enforceLimit } from "./enforce-limit.ts";
import { forwardToOrigin } from "./forward-to-origin.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import type { Watch } from "./secure-lease.ts";
import { Stay } from "./stay.ts";
import { isTraced, traceLease, traceStep } from "./trace-request.ts";
import type { FlightTime } from "./watch-in-flight.ts";

/** One per isolate: it holds what the isolate remembers. */
export class Gateway {
  readonly #settings: Settings;
  readonly #keys: KnownKeys;
  readonly #time: FlightTime;

  constructor(env: Env, settings: Settings, finder: RecordFinder) {
    const clock = new LeaseClock(() => Date.now());
    this.#settings = settings;
    this.#keys = new KnownKeys(env, settings, finder, clock);
    this.#time = { clock, schedule };
  }

  async answer(request: Request, requestId: string, ctx: ExecutionContext): Promise<Response> {
    const stay = new Stay(request, ctx);
    try {
      return await this.#answer(request, requestId, stay);
    } finally {
      stay.over();
    }
  }

  async #answer(request: Request, requestId: string, stay: Stay): Promise<Response> {
    const report = new RequestReport(requestId, request.method, Date.now(), isTraced());
    const outcome = await this.#takeSteps(request, report, stay);
    const refusal = isRefusal(outcome) ? outcome : null;
    const response = isRefusal(outcome) ? refusalResponse(outcome, requestId) : outcome;
    if (refusal && response.status >= 500) report.permit?.giveBack();
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

  async #takeSteps(request: Request, report: RequestReport, stay: Stay): Promise<Response | Refusal> {
    const settings = this.#settings;
    // What it learns of the key and its permits is everybody's.
    const watch: Watch = (ask) => {
      stay.begin();
      return traceLease(ask);
    };

    const accepted = acceptRequest(request);
    if (isRefusal(accepted)) return accepted;

    const key = await traceStep("authenticate", report, () =>
      authenticateKey(request, this.#keys, settings.leaseMs === 0, report, stay, watch),
    );
    if (isRefusal(key)) return key;

    const row = findRow(request.method, accepted.path);
    if (!isRefusal(row)) report.row = row;
    const refusal = isRefusal(row) ? row : authorizeRow(row, key.record, settings.sandboxOrigin !== null);
    // A test key on a live-only endpoint is no key there at all. Whatever else is refused counts, too.
    if (refusal?.reason === "live_only") return refusal;

    const permit = await enforceLimit(key.lease, report, stay, watch);
    if (isRefusal(permit)) return permit;
    report.permit = permit;
    if (refusal) return refusal;

    return await traceStep("forward", report, () =>
      forwardToOrigin({ request, accepted, key, report, settings, time: this.#time, stay, watch }),
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
