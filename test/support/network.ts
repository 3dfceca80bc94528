/**
 * The test's control over the distance between the gateways and what they share: see network-worker.js.
 *
 * Everything here is fake, and says so: latency, lost and hanging calls, and a KV that is slow or lags.
 * Faults and counts live inside workerd, so a test under load pays nothing for them.
 */

import type { Settings } from "./cluster-workers.ts";

/** Who makes a call: a gateway by its number, or the ledger itself when it writes KV. */
export type Caller = number | "owner";

export interface Fault {
  readonly on: "ledger" | "kv";
  /**
   * "fail-before": the call is lost on its way, nothing happened. "fail-after": it was carried out, the
   * answer is lost. "hang-…": the same, but silent, and the call goes on once the fault is lifted.
   */
  readonly how: "fail-before" | "fail-after" | "hang-before" | "hang-after";
  /** What the fault is limited to; anything left out matches all. */
  readonly caller?: Caller;
  /** A method of the ledger (`lease`) or of KV (`get`). */
  readonly operation?: string;
  /** The ledger's account, or the name of the KV entry. */
  readonly name?: string;
  /** How many calls it hits; all, if left out. */
  readonly times?: number;
  /** Properties of the error thrown, beyond those of a lost connection: `{ overloaded: true }`. */
  readonly error?: Readonly<Record<string, unknown>>;
}

export interface Conditions {
  /** By gateway: time added to a ledger call there and back. */
  readonly delaysMs?: readonly number[];
  /** Time added to every KV operation. */
  readonly kvDelayMs?: number;
  /** How long each caller keeps what it read from KV, "not found" too. Miniflare's own KV never lags. */
  readonly kvCacheMs?: number;
}

export interface Counts {
  readonly kvGets: number;
  readonly kvPuts: number;
  /** By method. */
  readonly ledgerCalls: Readonly<Record<string, number>>;
}

export class SimulatedNetwork {
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
  }

  /** Changes conditions from now on; those left out stay. Forgets what KV callers have kept. */
  async configure(conditions: Conditions): Promise<void> {
    await this.#command("configure", conditions);
  }

  /** Makes calls fail or hang from now on, until the function it returns is called. */
  async fault(fault: Fault): Promise<() => Promise<void>> {
    const id = await this.#command("addFault", fault);
    return async () => {
      await this.#command("liftFault", id);
    };
  }

  async liftAllFaults(): Promise<void> {
    await this.#command("liftAllFaults");
  }

  /** Calls made since the last reset, failed and hanging ones too; by one caller, or by all. */
  async counts(caller?: Caller): Promise<Counts> {
    const tallies = (await this.#command("counts")) as [string, number][];
    const counts = { kvGets: 0, kvPuts: 0, ledgerCalls: {} as Record<string, number> };
    for (const [tally, count] of tallies) {
      const [on = "", by = "", operation = ""] = tally.split(" ");
      if (caller !== undefined && by !== String(caller)) continue;
      if (on === "ledger") counts.ledgerCalls[operation] = (counts.ledgerCalls[operation] ?? 0) + count;
      else if (operation.startsWith("get")) counts.kvGets += count;
      else if (operation === "put") counts.kvPuts += count;
    }
    return counts;
  }

  async resetCounts(): Promise<void> {
    await this.#command("resetCounts");
  }

  /** Ends the account's ledger object as a crash does; the next call starts it again from its storage. */
  async restartLedger(account: string): Promise<void> {
    await this.#command("abortLedger", account);
  }

  /** Restarts the account's ledger with other settings, as a deployment does; they hold for every ledger that starts later. */
  async deployLedger(account: string, settings: Settings): Promise<void> {
    await this.#command("deployLedger", [account, settings]);
  }

  /** What the account's ledger has stored, asked in SQL. */
  async ledgerRows(account: string, sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#command("queryLedger", [account, sql])) as Record<string, unknown>[];
  }

  async #command(name: string, argument?: unknown): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: "POST",
      body: JSON.stringify([name, argument ?? null]),
    });
    if (!response.ok) throw new Error(`network worker, ${name}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
