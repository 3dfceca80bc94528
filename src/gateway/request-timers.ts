/**
 * The timers of one request, and its readings of the clock that decide.
 *
 * On the platform the clock of a request never reads later than its earliest pending timer (a mitigation of Spectre; see
 * `TimerChannel` in cloudflare/workerd). After a pause, a request with an overdue timer therefore reads an old time.
 * Guarantees that `checkClock` reads the clock while none of these timers is pending, and that no timer waits longer because
 * the clock has stepped back.
 */
import type { Schedule } from "../keys/time-limit.ts";
import type { LeaseClock } from "../leases/lease-clock.ts";

interface Timer {
  readonly ms: number;
  readonly dueAt: number;
  /** Of the clock, when it was set. */
  readonly epoch: number;
  readonly task: () => void;
  cancel: () => void;
}

export class RequestTimers {
  readonly #setTimer: Schedule;
  readonly #clock: LeaseClock;
  readonly #pending = new Set<Timer>();

  constructor(setTimer: Schedule, clock: LeaseClock) {
    this.#setTimer = setTimer;
    this.#clock = clock;
  }

  readonly schedule: Schedule = (ms, task) => {
    const { epoch } = this.#clock;
    const timer: Timer = { ms, dueAt: this.#clock.now() + ms, epoch, task, cancel: () => {} };
    this.#pending.add(timer);
    this.#start(timer, ms);
    return () => {
      this.#pending.delete(timer);
      timer.cancel();
    };
  };

  /** From now on the clock's readings are at least this late, and a step back is detected. */
  checkClock(): void {
    for (const timer of this.#pending) timer.cancel();
    const now = this.#clock.checkForStep();
    for (const timer of this.#pending) {
      // A clock that has stepped back does not tell how much is left: the timer may be overdue.
      const leftMs = timer.epoch === this.#clock.epoch ? timer.dueAt - now : 0;
      this.#start(timer, Math.max(0, Math.min(timer.ms, leftMs)));
    }
  }

  #start(timer: Timer, ms: number): void {
    timer.cancel = this.#setTimer(ms, () => {
      this.#pending.delete(timer);
      timer.task();
    });
  }
}
