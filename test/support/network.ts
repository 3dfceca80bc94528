/**
 * Controls the simulated network between the gateways, the ledger and KV: see network-worker.js. Tests also reach the
 * stores behind it: a ledger's tables and the real KV namespace.
 *
 * The network is entirely fake: latency, lost and hanging calls, a KV that is slow or lags. Faults and counters live inside
 * workerd, so they cost a test under load nothing.
 */

import { accountLocator } from "../../src/keys/locator.ts";
import type { Settings } from "./cluster-workers.ts";

/** The caller: a gateway by its number, or the ledger when it writes KV. */
export type Caller = number | "owner";

export interface Fault {
  readonly on: "ledger" | "kv";
  /**
   * "fail-before": the call is lost before it is executed. "fail-after": it is executed, but the answer is lost.
   * "hang-…": the same without an error; the call continues when the fault is lifted.
   */
  readonly how: "fail-before" | "fail-after" | "hang-before" | "hang-after";
  /** Restricts the fault to one caller; likewise the fields below. */
  readonly caller?: Caller;
  /** A method of the ledger (`lease`) or of KV (`get`). */
  readonly operation?: string;
  /** The name of the KV entry, or of the ledger's object. */
  readonly name?: string;
  /** The ledger's account. */
  readonly account?: string;
  /** The number of calls affected; default: all. */
  readonly times?: number;
  /** More properties of the error, beyond those of a lost connection: `{ overloaded: true }`. */
  readonly error?: Readonly<Record<string, unknown>>;
}

export interface Conditions {
  /** By gateway: round trip added to a ledger call. */
  readonly delaysMs?: readonly number[];
  /** Delay added to every KV operation. */
  readonly kvDelayMs?: number;
  /** How long each caller caches a KV read, including "not found". Miniflare's own KV never lags. */
  readonly kvCacheMs?: number;
}

export interface Counts {
  readonly kvGets: number;
  readonly kvPuts: number;
  /** By method. */
  readonly ledgerCalls: Readonly<Record<string, number>>;
}

interface EntryPage {
  readonly keys: readonly { readonly name: string; readonly metadata?: unknown }[];
  readonly list_complete: boolean;
  readonly cursor?: string;
}

/** Workers KV, as far as tests use it. */
export interface StoredEntries {
  get(name: string): Promise<string | null>;
  put(name: string, value: string, options?: { readonly metadata?: unknown }): Promise<void>;
  delete(name: string): Promise<void>;
  /** Of all entries. */
  names(): Promise<string[]>;
  list(options?: { readonly prefix?: string; readonly cursor?: string }): Promise<EntryPage>;
}

export class SimulatedNetwork {
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
  }

  /** Changes the given conditions and keeps the others. Clears the KV caches. */
  async configure(conditions: Conditions): Promise<void> {
    await this.#command("configure", conditions);
  }

  /** Starts a fault; the returned function lifts it. */
  async fault(fault: Fault): Promise<() => Promise<void>> {
    const { account, ...rest } = fault;
    const name = account === undefined ? fault.name : await accountLocator(account);
    const id = await this.#command("addFault", { ...rest, name });
    return async () => {
      await this.#command("liftFault", id);
    };
  }

  async liftAllFaults(): Promise<void> {
    await this.#command("liftAllFaults");
  }

  /** Calls since the last reset, including failed and hanging ones; by one caller, or by all. */
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

  /** Ends the account's ledger object like a crash; the next call starts it again from its storage. */
  async restartLedger(account: string): Promise<void> {
    await this.#command("abortLedger", await accountLocator(account));
  }

  /** Restarts the account's ledger with other settings, like a deployment; every ledger that starts later uses them too. */
  async deployLedger(account: string, settings: Settings): Promise<void> {
    await this.#command("deployLedger", [await accountLocator(account), settings]);
  }

  /** Runs SQL on the account's ledger. */
  async ledgerRows(account: string, sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#command("queryLedger", [await accountLocator(account), sql])) as Record<
      string,
      unknown
    >[];
  }

  /** The name of the KV entry that the ledger wrote for an issued key. */
  async recordName(keyId: string): Promise<string> {
    const name = (await this.#command("recordName", keyId)) as string | null;
    if (name === null) throw new Error(`no KV entry was written for ${keyId}`);
    return name;
  }

  /** The real namespace: no fault, delay or cache applies, and nothing is counted. */
  readonly kv: StoredEntries = {
    get: (name) => this.#command("kvGet", name) as Promise<string | null>,
    put: async (name, value, options = {}) => void (await this.#command("kvPut", [name, value, options])),
    delete: async (name) => void (await this.#command("kvDelete", name)),
    names: () => this.#command("kvNames") as Promise<string[]>,
    list: (options = {}) => this.#command("kvList", options) as Promise<EntryPage>,
  };

  async #command(name: string, argument?: unknown): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: "POST",
      body: JSON.stringify([name, argument ?? null]),
    });
    if (!response.ok) throw new Error(`network worker, ${name}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
