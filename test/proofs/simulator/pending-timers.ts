/**
 * The timers that one context, a request or a Durable Object, has set and that have not fired.
 *
 * Fake: in production the clock of a context never reads later than its earliest pending timer (the comment on
 * `TimerChannel` in workerd asks implementations for that, as a Spectre mitigation); the workerd that runs locally does
 * not do it. So after a stall a context with an overdue timer reads an old time.
 */

export interface PendingTimer {
  /** On the clock of the machine. */
  readonly dueAt: number;
}

export class PendingTimers {
  readonly #timers = new Set<PendingTimer>();

  add(dueAt: number): PendingTimer {
    const timer = { dueAt };
    this.#timers.add(timer);
    return timer;
  }

  remove(timer: PendingTimer): void {
    this.#timers.delete(timer);
  }

  /** What the context reads when the machine's clock reads `now`. */
  clamp(now: number): number {
    let reading = now;
    for (const { dueAt } of this.#timers) reading = Math.min(reading, Math.floor(dueAt));
    return reading;
  }
}
