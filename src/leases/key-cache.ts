/**
 * An isolate's cache of keys, by their text: each with its record and its lease.
 *
 * Guarantees a bounded number of entries, of keys with a record only. An evicted key is read again. The text of a key
 * is in memory as long as its entry, and nowhere else.
 */

import type { Env } from "../env.ts";
import type { RecordFinder } from "../keys/find-record.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import { LruCache } from "../keys/lru-cache.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { callLedger } from "./call-ledger.ts";
import { Lease, type RequestLease } from "./lease.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { LeaseLedger } from "./protocol.ts";

export const ENTRY_CACHE_MAX = 10_000;

/** A signed assertion of a key's identity. */
export interface SignedIdentity {
  readonly jwt: string;
  /** Unix milliseconds. */
  readonly signedAt: number;
}

export interface CachedKey {
  readonly record: KeyRecord;
  readonly lease: Lease;
  /** The last assertion signed for it. */
  assertion: SignedIdentity | null;
}

export class KeyCache {
  readonly #ledgers: Env["KEY_LEDGER"];
  readonly #settings: Settings;
  readonly #finder: RecordFinder;
  readonly #clock: LeaseClock;
  readonly #entries = new LruCache<CachedKey>(ENTRY_CACHE_MAX);

  constructor(env: Env, settings: Settings, finder: RecordFinder, clock: LeaseClock) {
    this.#ledgers = env.KEY_LEDGER;
    this.#settings = settings;
    this.#finder = finder;
    this.#clock = clock;
  }

  /** The key if it is cached; no I/O. */
  get(key: string): CachedKey | undefined {
    return this.#entries.get(key);
  }

  /** Reads the key's record. `address`: the client's, to limit its failed lookups. */
  async load(key: string, address: string): Promise<CachedKey | Refusal> {
    const record = await this.#finder.find(key, address);
    if (isRefusal(record)) return record;
    // Another request may have loaded it meanwhile; all requests share its lease.
    const known = this.#entries.get(key) ?? { record, lease: this.#leaseOn(record), assertion: null };
    this.#entries.set(key, known);
    return known;
  }

  #leaseOn({ account, id }: KeyRecord): Lease {
    const requestLease: RequestLease = ({ uses, holder, permits }, limitMs) =>
      callLedger(this.#ledgers, account, { limitMs, repeatable: true }, (ledger: LeaseLedger) =>
        ledger.lease(id, uses, holder, permits),
      );
    return new Lease(requestLease, this.#clock, this.#settings.ledgerTimeoutMs);
  }
}
