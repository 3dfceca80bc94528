/**
 * What an isolate remembers of the keys it has seen: each with its record and its lease.
 *
 * Bounded, found records only: a text that leads to no record leaves no trace here. Forgetting one is
 * harmless, it is read again. The text of a key is held in memory to find its entry, as long as the
 * entry itself, and nowhere else.
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

/** What the origin is told about a key, signed. */
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

  /** The key if this isolate has met it: no I/O. */
  get(key: string): CachedKey | undefined {
    return this.#entries.get(key);
  }

  /** Finds the key's record; `address` is the client's. */
  async load(key: string, address: string): Promise<CachedKey | Refusal> {
    const record = await this.#finder.find(key, address);
    if (isRefusal(record)) return record;
    // Another request may have been faster; its lease is the one that everybody renews.
    const known = this.#entries.get(key) ?? { record, lease: this.#leaseOn(record), assertion: null };
    this.#entries.set(key, known);
    return known;
  }

  #leaseOn({ account, id }: KeyRecord): Lease {
    const ask: RequestLease = ({ uses, holder, permits }, limitMs) =>
      callLedger(this.#ledgers, account, { limitMs, repeatable: true }, (ledger: LeaseLedger) =>
        ledger.lease(id, uses, holder, permits),
      );
    return new Lease(ask, this.#clock, this.#settings.ledgerTimeoutMs);
  }
}
