/**
 * Steady traffic over the versions of a gateway that serve at the moment, during a gradual deployment.
 *
 * Guarantees that every request is counted, as answered by a version or as a failure. Fake: a version is a gateway of the
 * cluster with its own settings, and the test decides which one a request reaches, not the platform. Ledgers are
 * deployed with `network.deployLedger`.
 */

import { eventually } from "../support/time-limits.ts";

const REQUESTS_PER_STEP = 15;

export class RollingLoad {
  /** Descriptions of failures; empty after a successful rollout. */
  readonly failures: string[] = [];
  #serving: readonly number[];
  #stopped = false;
  readonly #answered = new Map<number, number>();
  readonly #turns: number[];
  readonly #callers: Promise<void>[];

  /** `request` sends one request to a gateway and returns a description of its failure, or null. */
  constructor(first: number, callers: number, request: (gateway: number) => Promise<string | null>) {
    this.#serving = [first];
    this.#turns = Array(callers).fill(0);
    this.#callers = this.#turns.map(async (_, caller) => {
      for (let turn = 1; !this.#stopped; turn++) {
        const gateway = this.#serving[(caller + turn) % this.#serving.length] as number;
        const failure = await request(gateway).catch((error: Error) => error.message);
        if (failure !== null) this.failures.push(`gateway ${gateway}: ${failure}`);
        this.#answered.set(gateway, (this.#answered.get(gateway) ?? 0) + 1);
        this.#turns[caller] = turn;
      }
    });
  }

  /** The versions that serve now. */
  get serving(): readonly number[] {
    return this.#serving;
  }

  /** Waits until every serving version has answered more requests, and every client has finished its current one. */
  async goesOn(): Promise<void> {
    const answered = new Map(this.#answered);
    const turns = [...this.#turns];
    const enough = (gateway: number) =>
      (this.#answered.get(gateway) ?? 0) >= (answered.get(gateway) ?? 0) + REQUESTS_PER_STEP;
    await eventually(
      `traffic on gateways ${this.#serving}`,
      () => this.#serving.every(enough) && this.#turns.every((turn, caller) => turn > (turns[caller] ?? 0)),
    );
  }

  /** The next version serves beside the current one while `meanwhile` runs, and then alone. */
  async rollOut(next: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    this.#serving = [...this.#serving, next];
    await this.goesOn();
    await meanwhile();
    await this.goesOn();
    this.#serving = [next];
    await this.goesOn();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }
}
