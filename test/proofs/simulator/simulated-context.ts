/**
 * What the platform gives one request: timers of its own, and a clock that they clamp.
 *
 * The request's promises run in its context wherever they were resolved, as on the platform.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { InFlightContext } from "../../../src/gateway/in-flight-request.ts";
import { RequestTimers } from "../../../src/gateway/request-timers.ts";
import type { Schedule } from "../../../src/keys/time-limit.ts";
import type { LeaseClock } from "../../../src/leases/lease-clock.ts";
import type { LeaseUser } from "../../../src/leases/lease-user.ts";
import { PendingTimers } from "./pending-timers.ts";

export interface SimulatedContext extends LeaseUser, InFlightContext {
  /** Runs a part of the request, and all that it awaits. */
  run(task: () => void): void;
}

const current = new AsyncLocalStorage<PendingTimers>();

/** What the running request reads when the machine's clock reads `now`; outside of requests the same. */
export function clampToTimers(now: number): number {
  return current.getStore()?.clamp(now) ?? now;
}

export interface ContextParts {
  readonly clock: LeaseClock;
  /** The machine's clock. */
  readonly now: () => number;
  readonly setTimer: Schedule;
  readonly onException: (error: unknown) => void;
}

/** Background work continues without help. */
export function newContext({ clock, now, setTimer, onException }: ContextParts): SimulatedContext {
  const pending = new PendingTimers();
  const timers = new RequestTimers((ms, task) => {
    const timer = pending.add(now() + ms);
    const cancel = setTimer(ms, () => {
      pending.remove(timer);
      current.run(pending, task);
    });
    return () => {
      pending.remove(timer);
      cancel();
    };
  }, clock);
  return {
    clock,
    schedule: timers.schedule,
    checkClock: () => timers.checkClock(),
    waitUntil: () => {},
    waitForLedger: (call) => call(),
    lifetime: { keepAlive: () => {} },
    logException: onException,
    run: (task) => current.run(pending, task),
  };
}
