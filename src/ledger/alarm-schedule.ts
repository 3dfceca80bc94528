/**
 * The ledger's one alarm, shared by its parts: it fires at the soonest of their times, and each part then schedules its
 * next one.
 *
 * Guarantees that `schedule` sets the alarm in its caller's turn of the event loop, so a change and its alarm are
 * durable together. It never postpones the alarm, so a steady stream of calls does not either.
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
