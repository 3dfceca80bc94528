/**
 * What the steps of one request share: the request, the settings, the clock, its lifetime and its report.
 *
 * One per request; it decides nothing. A step takes it and what the steps before have found.
 */

import { clientAddress } from "../http/client-address.ts";
import { type Schedule, setTimer } from "../keys/time-limit.ts";
import type { LeaseClock } from "../leases/lease-clock.ts";
import type { LeaseUser } from "../leases/lease-user.ts";
import { logException } from "../log.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { InFlightContext, InFlightRequest } from "./in-flight-request.ts";
import type { RequestLifetime } from "./request-lifetime.ts";
import { identityOf } from "./request-log.ts";
import type { RequestReport } from "./request-report.ts";
import { RequestTimers } from "./request-timers.ts";
import { traceLease } from "./trace-request.ts";

/** The parts of a request's context that do not change from one request to the next. */
export interface GatewayContext {
  readonly settings: Settings;
  readonly clock: LeaseClock;
}

export class RequestContext implements LeaseUser, InFlightContext {
  readonly request: Request;
  readonly settings: Settings;
  readonly clock: LeaseClock;
  readonly schedule: Schedule;
  readonly lifetime: RequestLifetime;
  readonly report: RequestReport;
  /** Set while the request is forwarded, so that a fault aborts it. */
  inFlight: InFlightRequest | null = null;
  readonly #timers: RequestTimers;
  #address: string | null = null;

  constructor(request: Request, gateway: GatewayContext, lifetime: RequestLifetime, report: RequestReport) {
    this.request = request;
    this.settings = gateway.settings;
    this.clock = gateway.clock;
    this.#timers = new RequestTimers(setTimer, gateway.clock);
    this.schedule = this.#timers.schedule;
    this.lifetime = lifetime;
    this.report = report;
  }

  /** The client's. */
  get address(): string {
    this.#address ??= clientAddress(this.request);
    return this.#address;
  }

  checkClock(): void {
    this.#timers.checkClock();
  }

  waitUntil(work: Promise<unknown>): void {
    this.lifetime.waitUntil(work);
  }

  /** A refusal with the reason `exception` has this line, and no other. */
  logException(error: unknown): void {
    logException(this.report.requestId, error, identityOf(this.report));
  }

  /** Keeps the request alive: other requests use the lease and the permits that the call obtains. */
  waitForLedger(call: () => Promise<Refusal | null>): Promise<Refusal | null> {
    this.lifetime.keepAlive();
    // The first span of an isolate costs more than a whole warm request.
    return this.report.isTraced ? traceLease(call) : call();
  }
}
