/**
 * True time, which nobody in the system under test can see: a queue of happenings, in order.
 *
 * Between two happenings every promise that can settle has settled, so the same happenings in the same order
 * always lead to the same outcome. Nothing here waits for real time.
 */

export interface Happening {
  readonly at: number;
  readonly order: number;
  /** null: cancelled. */
  task: (() => void) | null;
}

/** More than any run needs; a run that reaches it goes round in circles. */
const HAPPENINGS_MAX = 100_000;

export class VirtualTime {
  #now = 0;
  #count = 0;
  readonly #queue: Happening[] = [];
  #failure: unknown = null;

  /** Milliseconds since the run began. */
  get now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): Happening {
    return this.at(this.#now + ms, task);
  }

  at(moment: number, task: () => void): Happening {
    this.#count += 1;
    const happening: Happening = { at: Math.max(moment, this.#now), order: this.#count, task };
    this.#push(happening);
    return happening;
  }

  /** Ends the run: something broke that no happening can report. */
  fail(error: unknown): void {
    this.#failure = error;
  }

  /** Runs until nothing is left to happen. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        if (this.#failure !== null) return reject(this.#failure);
        const next = this.#pop();
        if (!next) return resolve();
        if (this.#count > HAPPENINGS_MAX) return reject(new Error("the run does not end"));
        this.#now = next.at;
        try {
          next.task?.();
        } catch (error) {
          return reject(error);
        }
        // What a promise's reaction hands to `nextTick`, Node runs when no promise has a reaction left to run.
        queueMicrotask(() => process.nextTick(step));
      };
      step();
    });
  }

  #push(happening: Happening): void {
    const queue = this.#queue;
    let place = queue.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = queue[parent] as Happening;
      if (!isSooner(happening, above)) break;
      queue[place] = above;
      place = parent;
    }
    queue[place] = happening;
  }

  /** The next one that was not cancelled. */
  #pop(): Happening | undefined {
    const queue = this.#queue;
    for (;;) {
      const first = queue[0];
      const last = queue.pop();
      if (!first || !last) return undefined;
      if (queue.length > 0) this.#sink(last);
      if (first.task) return first;
    }
  }

  #sink(happening: Happening): void {
    const queue = this.#queue;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= queue.length) break;
      const right = queue[child + 1];
      if (right && isSooner(right, queue[child] as Happening)) child += 1;
      const below = queue[child] as Happening;
      if (!isSooner(below, happening)) break;
      queue[place] = below;
      place = child;
    }
    queue[place] = happening;
  }
}

function isSooner(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
