/**
 * Steady traffic over the versions of a gateway that serve at the moment, during a gradual deployment.
 *
 * Guarantees that every request is counted, as answered by a version or as a failure. Fake: a version is a gateway of the
 * cluster with its own settings, and the test decides which one a request reaches, not the platform. Ledgers are
 * deployed with `network.deployLedger`.
 */

import { eventually } from "../../support/time-limits.ts";
import { IS_WHOLE } from "../share.ts";

const REQUESTS_PER_STEP = IS_WHOLE ? 15 : 4;
/** Between two requests of a client: without it the clients would need all of the machine. */
const PAUSE_MS = 30;

export class RollingLoad {
  /** Descriptions of failures; empty after a successful rollout. */
  readonly failures: string[] = [];
  #serving: readonly number[];
  #stopped = false;
  readonly #responses = new Map<number, number>();
  readonly #turns: number[];
  readonly #clients: Promise<void>[];

  /** `request` sends one request to a gateway and returns a description of its failure, or null. */
  constructor(first: number, clients: number, request: (gateway: number) => Promise<string | null>) {
    this.#serving = [first];
    this.#turns = Array(clients).fill(0);
    this.#clients = this.#turns.map(async (_, client) => {
      for (let turn = 1; !this.#stopped; turn++) {
        const gateway = this.#serving[(client + turn) % this.#serving.length] as number;
        const failure = await request(gateway).catch((error: Error) => error.message);
        if (failure !== null) this.failures.push(`gateway ${gateway}: ${failure}`);
        this.#responses.set(gateway, (this.#responses.get(gateway) ?? 0) + 1);
        this.#turns[client] = turn;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    });
  }

  /** The versions that serve now. */
  get serving(): readonly number[] {
    return this.#serving;
  }

  /** Waits until every serving version has answered more requests, and every client has finished its current one. */
  async settles(): Promise<void> {
    const before = new Map(this.#responses);
    const turns = [...this.#turns];
    const enough = (gateway: number) =>
      (this.#responses.get(gateway) ?? 0) >= (before.get(gateway) ?? 0) + REQUESTS_PER_STEP;
    await eventually(
      `traffic on gateways ${this.#serving}`,
      () => this.#serving.every(enough) && this.#turns.every((turn, client) => turn > (turns[client] ?? 0)),
    );
  }

  /** The next version serves beside the current one while `meanwhile` runs, and then alone. */
  async rollOut(next: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    this.#serving = [...this.#serving, next];
    await this.settles();
    await meanwhile();
    await this.settles();
    this.#serving = [next];
    await this.settles();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }
}
