/**
 * True time, which the system under test cannot read: a queue of events, in order.
 *
 * Between two events every promise that can settle has settled, so the same events in the same order always lead to
 * the same outcome. Nothing here waits for real time.
 */

export interface TimedEvent {
  readonly at: number;
  readonly order: number;
  /** null: cancelled. */
  task: (() => void) | null;
}

/** More than any run needs; a run that reaches it does not terminate. */
const EVENTS_MAX = 100_000;

export class VirtualTime {
  #now = 0;
  #count = 0;
  readonly #queue: TimedEvent[] = [];
  #failure: unknown = null;

  /** Milliseconds since the run began. */
  get now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): TimedEvent {
    return this.at(this.#now + ms, task);
  }

  at(moment: number, task: () => void): TimedEvent {
    this.#count += 1;
    const event: TimedEvent = { at: Math.max(moment, this.#now), order: this.#count, task };
    this.#push(event);
    return event;
  }

  /** Ends the run: an error occurred outside of any event. */
  fail(error: unknown): void {
    this.#failure = error;
  }

  /** Runs until the queue is empty. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        if (this.#failure !== null) return reject(this.#failure);
        const next = this.#pop();
        if (!next) return resolve();
        if (this.#count > EVENTS_MAX) return reject(new Error("the run does not end"));
        this.#now = next.at;
        try {
          next.task?.();
        } catch (error) {
          return reject(error);
        }
        // Node runs what a promise reaction passes to `nextTick` once no promise reaction is left to run.
        queueMicrotask(() => process.nextTick(step));
      };
      step();
    });
  }

  #push(event: TimedEvent): void {
    const queue = this.#queue;
    let place = queue.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = queue[parent] as TimedEvent;
      if (!isSooner(event, above)) break;
      queue[place] = above;
      place = parent;
    }
    queue[place] = event;
  }

  /** The next one that was not cancelled. */
  #pop(): TimedEvent | undefined {
    const queue = this.#queue;
    for (;;) {
      const first = queue[0];
      const last = queue.pop();
      if (!first || !last) return undefined;
      if (queue.length > 0) this.#sink(last);
      if (first.task) return first;
    }
  }

  #sink(event: TimedEvent): void {
    const queue = this.#queue;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= queue.length) break;
      const right = queue[child + 1];
      if (right && isSooner(right, queue[child] as TimedEvent)) child += 1;
      const below = queue[child] as TimedEvent;
      if (!isSooner(below, event)) break;
      queue[place] = below;
      place = child;
    }
    queue[place] = event;
  }
}

function isSooner(one: TimedEvent, other: TimedEvent): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
