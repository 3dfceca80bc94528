/**
 * What the platform gives one request: timers of its own, a clock that they clamp, and a life.
 *
 * The request's promises run in its context wherever they were resolved, as on the platform. Once it has ended, its calls
 * may be cancelled, except while `waitUntil` keeps it.
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

/** By the timers of a request, with which it makes its calls: whether it is gone. */
const gone = new WeakMap<Schedule, () => boolean>();

export function isGone(schedule: Schedule): boolean {
  return gone.get(schedule)?.() ?? false;
}

export interface ContextParts {
  readonly clock: LeaseClock;
  /** The machine's clock. */
  readonly now: () => number;
  readonly setTimer: Schedule;
  readonly onException: (error: unknown) => void;
  readonly hasEnded: () => boolean;
}

export function newContext(parts: ContextParts): SimulatedContext {
  const { clock, now, setTimer, onException, hasEnded } = parts;
  const pending = new PendingTimers();
  let kept = 0;
  const release = () => {
    kept -= 1;
  };
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
  gone.set(timers.schedule, () => kept === 0 && hasEnded());
  return {
    clock,
    schedule: timers.schedule,
    checkClock: () => timers.checkClock(),
    waitUntil: (work) => {
      kept += 1;
      work.then(release, release);
    },
    waitForLedger: (call) => call(),
    lifetime: { keepAlive: () => {} },
    logException: onException,
    run: (task) => current.run(pending, task),
  };
}
