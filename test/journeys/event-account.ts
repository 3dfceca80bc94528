/** An account whose events a receiver accepts or not, and what becomes of them. */

import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { eventually } from "../support/time-limits.ts";
import type { Respond, WebhookReceiver } from "../support/webhook-receiver.ts";

export class EventAccount extends Account {
  readonly #cluster: GatewayCluster;
  readonly #receiver: WebhookReceiver;

  constructor(cluster: GatewayCluster, receiver: WebhookReceiver) {
    super(cluster);
    this.#cluster = cluster;
    this.#receiver = receiver;
  }

  receiverResponds(respond: Respond): void {
    this.#receiver.respondTo(this.name, respond);
  }

  receiverAccepts(): void {
    this.#receiver.respondTo(this.name);
  }

  outbox(): Promise<Record<string, unknown>[]> {
    return this.#cluster.network.ledgerRows(this.name, "SELECT * FROM outbox");
  }

  async isDelivered(): Promise<boolean> {
    return (await this.outbox()).length === 0;
  }

  async delivered(): Promise<void> {
    await eventually("an empty outbox", () => this.isDelivered());
  }

  /** The pause before the next attempt has passed; the next change wakes the ledger. */
  async endPauses(): Promise<void> {
    await this.#cluster.network.ledgerRows(this.name, "UPDATE outbox SET next_at = 0");
  }

  /** Attempts that the log reports as failed. */
  failures(): Record<string, unknown>[] {
    return this.#cluster.logs
      .filter((line) => line.includes('"delivery_failed"') && line.includes(`"${this.name}"`))
      .map((line) => JSON.parse(line));
  }
}
