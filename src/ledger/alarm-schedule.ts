/** The one alarm of a Durable Object, for everything that is due. A sooner alarm stays: a steady stream of calls must not postpone it. */
export class AlarmSchedule {
  readonly #storage: DurableObjectStorage;
  #lastSet: Promise<void> = Promise.resolve();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** `at`: Unix milliseconds. One call at a time, since reading the alarm and setting it are two steps. */
  schedule(at: number): Promise<void> {
    const set = this.#lastSet.then(async () => {
      const due = await this.#storage.getAlarm();
      if (due === null || due > at) await this.#storage.setAlarm(at);
    });
    this.#lastSet = set.catch(() => {});
    return set;
  }
}
