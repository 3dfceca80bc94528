/**
 * Finds the ledger of a key, and the hash by which both stores know it.
 *
 * Guarantees that a text with a wrong checksum costs no lookup, unless keys issued before the gateway are accepted.
 * Those have no checksum and no locator: their KV record is read, and their failed lookups are limited by client
 * network. It does not decide whether a key exists and may be used; the ledger does.
 */
import { waitUntil } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { firstUnderPeppers } from "./digests.ts";
import type { KeyRecord } from "./key-record.ts";
import { type FoundRecord, readKeyRecord } from "./key-store.ts";
import { hashKey, locatorOf, looksLikeKey, looksLikeLegacyKey, pepperOf } from "./key-text.ts";
import { accountLocator } from "./locator.ts";
import type { LookupThrottle } from "./lookup-throttle.ts";
import { isUnavailable } from "./store-error.ts";
import type { Schedule } from "./time-limit.ts";

export interface FoundKey {
  /** 64 hex digits. */
  readonly hash: string;
  /** Names the account's ledger. */
  readonly locator: string;
  /** The KV record of a key without a locator; null: the key has a locator, and KV was not read. */
  readonly record: KeyRecord | null;
}

export class KeyFinder {
  readonly #kv: KVNamespace;
  readonly #settings: Settings;
  readonly #throttle: LookupThrottle;

  constructor(env: Env, settings: Settings, throttle: LookupThrottle) {
    this.#kv = env.API_KEYS;
    this.#settings = settings;
    this.#throttle = throttle;
  }

  /** `address`: the client's, to limit its failed lookups of keys without a checksum. */
  async find(key: string, address: string): Promise<FoundKey | Refusal> {
    const pepper = looksLikeKey(key) ? await pepperOf(key, this.#settings.peppers) : null;
    if (pepper !== null) return { hash: await hashKey(key, pepper), locator: locatorOf(key), record: null };
    if (!this.#settings.acceptLegacyKeys) {
      return { reason: looksLikeKey(key) ? "bad_checksum" : "malformed_key" };
    }
    try {
      return await this.#findLegacy(key, address);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { reason: "store_unreachable" };
    }
  }

  /** The same for a caller that may be guessing: a wrong checksum counts as a failed lookup, though it costs none. */
  async findLimited(key: string, address: string): Promise<FoundKey | Refusal> {
    const found = await this.find(key, address);
    const isGuess = isRefusal(found) && ["bad_checksum", "malformed_key"].includes(found.reason);
    if (!isGuess) return found;
    const isThrottled = this.#throttle.isBlocked(address) || (await this.#throttle.recordFailure(address));
    return isThrottled ? { reason: "too_many_lookups" } : found;
  }

  /** The KV record of the key with this hash. Throws when KV is unavailable. */
  readRecord(hash: string, schedule?: Schedule): Promise<FoundRecord> {
    return readKeyRecord(this.#kv, hash, this.#settings.ledgerTimeoutMs, schedule);
  }

  /** A key imported from its hash may have any text after its prefix. */
  async #findLegacy(key: string, address: string): Promise<FoundKey | Refusal> {
    if (!looksLikeLegacyKey(key)) return { reason: "malformed_key" };
    if (this.#throttle.isBlocked(address)) return { reason: "too_many_lookups" };
    const counted = this.#readAndCount(key, address);
    // A lookup counts also when its client disconnects before the answer.
    waitUntil(counted.catch(() => {}));
    return await counted;
  }

  async #readAndCount(key: string, address: string): Promise<FoundKey | Refusal> {
    const found = await this.#readLegacy(key);
    if (isRefusal(found)) await this.#throttle.recordFailure(address);
    return found;
  }

  async #readLegacy(key: string): Promise<FoundKey | Refusal> {
    const found = await firstUnderPeppers(this.#settings.peppers, async (pepper) => {
      const hash = await hashKey(key, pepper);
      const record = await this.readRecord(hash);
      return record === "missing" ? null : { hash, record };
    });
    if (found === null) return { reason: "unknown_key" };
    const { hash, record } = found;
    if (record === "corrupt") return { reason: "corrupt_record" };
    return { hash, locator: await accountLocator(record.account), record };
  }
}
