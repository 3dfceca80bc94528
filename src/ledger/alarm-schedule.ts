/**
 * The ledger's one alarm: it fires when the first of its parts needs it, and each part schedules its next time then.
 *
 * Guarantees that `schedule` sets the alarm in the turn of its caller, so that a change and the alarm for what follows from
 * it are durable together. A sooner alarm stays: a steady stream of calls must not postpone it.
 */
export class AlarmSchedule {
  readonly #storage: DurableObjectStorage;
  /** When it is due; null: not set. Valid once `loaded`. */
  #dueAt: number | null = null;
  #isLoaded = false;
  /** Resolves when it is known whether an alarm was set before. */
  readonly loaded: Promise<void>;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.loaded = storage.getAlarm().then((at) => {
      this.#dueAt = at;
      this.#isLoaded = true;
    });
  }

  async schedule(at: number): Promise<void> {
    if (!this.#isLoaded) await this.loaded;
    if (this.#dueAt !== null && this.#dueAt <= at) return;
    this.#dueAt = at;
    await this.#storage.setAlarm(at);
  }

  /** To be called first when the alarm fires. */
  fired(): void {
    this.#dueAt = null;
  }
}
