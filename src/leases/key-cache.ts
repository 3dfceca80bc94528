/**
 * An isolate's cache of keys, by their text.
 *
 * Guarantees a bounded number of entries, only of keys with a right checksum or a KV record; an evicted key is loaded
 * again. All requests with a key share its lease. A key with a locator is usable as soon as its ledger has answered: KV
 * is read in parallel, only to be compared. The text of a key is kept in memory as long as its entry, and nowhere else.
 */

import type { Env } from "../env.ts";
import type { FoundKey, KeyFinder } from "../keys/find-key.ts";
import type { FoundRecord } from "../keys/key-store.ts";
import { LruCache } from "../keys/lru-cache.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { CachedKey, type CallKeyLedger } from "./cached-key.ts";
import { callLedger } from "./call-ledger.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { LeaseUser } from "./lease-user.ts";
import type { LeaseLedger } from "./protocol.ts";

export const ENTRY_CACHE_MAX = 10_000;

const CONTRADICTED: Refusal = { reason: "corrupt_record" };

export class KeyCache {
  readonly #ledgers: Env["KEY_LEDGER"];
  readonly #settings: Settings;
  readonly #finder: KeyFinder;
  readonly #clock: LeaseClock;
  readonly #entries = new LruCache<CachedKey>(ENTRY_CACHE_MAX);

  constructor(env: Env, settings: Settings, finder: KeyFinder, clock: LeaseClock) {
    this.#ledgers = env.KEY_LEDGER;
    this.#settings = settings;
    this.#finder = finder;
    this.#clock = clock;
  }

  /** The key if it is cached and KV does not contradict its ledger; no I/O. */
  get(key: string): CachedKey | undefined {
    const known = this.#entries.get(key);
    return known?.isContradicted ? undefined : known;
  }

  /**
   * The key, from the cache or added to it. Does not call the ledger; `lease.ensureValid` does. Waits for KV only if
   * the key has no locator, or if KV contradicts its ledger. `address`: the client's, to limit its failed lookups.
   */
  async load(key: string, address: string, user: LeaseUser): Promise<CachedKey | Refusal> {
    const known = this.#entries.get(key);
    if (known?.isContradicted) return await this.#reread(key, known);
    const found = await this.#finder.find(key, address);
    if (isRefusal(found)) return found;
    // Another request may have added it meanwhile; all requests share its lease.
    const loaded = this.#entries.get(key);
    if (loaded) return loaded;
    const added = this.#add(key, found);
    if (found.record === null) user.waitUntil(this.#compareWithKv(added, user));
    return added;
  }

  #add(key: string, found: FoundKey): CachedKey {
    const call: CallKeyLedger = async (request, limitMs, schedule) => {
      const answer = await callLedger(
        this.#ledgers,
        found.locator,
        { limitMs, repeatable: true, locationHint: this.#settings.ledgerLocation, schedule },
        (ledger: LeaseLedger) => ledger.lease(request),
      );
      // A key that its ledger does not have must not evict others from the cache.
      const isUnknown = !answer.granted && !answer.record && request.wants_record;
      if (isUnknown && this.#entries.get(key) === added) this.#entries.delete(key);
      return answer;
    };
    const added = new CachedKey(found, call, this.#clock, this.#settings.ledgerTimeoutMs);
    this.#entries.set(key, added);
    return added;
  }

  /** In parallel with the ledger call. A KV that is unavailable contradicts nothing. */
  async #compareWithKv(key: CachedKey, user: LeaseUser): Promise<void> {
    try {
      key.applyKvRecord(await this.#finder.readRecord(key.found.hash, user.schedule));
    } catch (error) {
      if (!isUnavailable(error)) user.logException(error);
    }
  }

  /** Nothing passes until KV agrees with the ledger again, or has no record of a key with a locator. */
  async #reread(key: string, contradicted: CachedKey): Promise<CachedKey | Refusal> {
    if (!contradicted.startReread(this.#clock.now())) return CONTRADICTED;
    let inKv: FoundRecord;
    try {
      inKv = await this.#finder.readRecord(contradicted.found.hash);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { reason: "store_unreachable" };
    }
    const needsRecord = contradicted.found.record !== null;
    if (contradicted.contradicts(inKv) || (needsRecord && inKv === "missing")) return CONTRADICTED;
    const replaced = this.#entries.get(key);
    if (replaced && replaced !== contradicted) return replaced;
    const added = this.#add(key, contradicted.found);
    added.applyKvRecord(inKv);
    return added;
  }
}
