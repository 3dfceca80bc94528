/**
 * Finds the KV record of a key.
 *
 * Guarantees that a text which fails the keyed check costs no lookup, unless keys issued before the gateway are
 * accepted; those have no check, so their failed lookups are limited by client network.
 */
import { waitUntil } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { firstUnderPeppers } from "./digests.ts";
import type { KeyRecord } from "./key-record.ts";
import { readKeyRecord } from "./key-store.ts";
import { hashKey, looksLikeKey, looksLikeLegacyKey, pepperOf } from "./key-text.ts";
import type { LookupThrottle } from "./lookup-throttle.ts";
import { isUnavailable } from "./store-error.ts";

export class RecordFinder {
  readonly #kv: KVNamespace;
  readonly #settings: Settings;
  readonly #throttle: LookupThrottle;

  constructor(env: Env, settings: Settings, throttle: LookupThrottle) {
    this.#kv = env.API_KEYS;
    this.#settings = settings;
    this.#throttle = throttle;
  }

  /** `address`: the client's, to limit its failed lookups of keys without a check. */
  async find(key: string, address: string): Promise<KeyRecord | Refusal> {
    try {
      const pepper = looksLikeKey(key) ? await pepperOf(key, this.#settings.peppers) : null;
      if (pepper !== null) return await this.#read(key, [pepper]);
      if (!this.#settings.acceptLegacyKeys) {
        return { reason: looksLikeKey(key) ? "bad_checksum" : "malformed_key" };
      }
      return await this.#findLegacy(key, address);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { reason: "store_unreachable" };
    }
  }

  /** The same for a caller that may be guessing: a text that fails the check counts too, though it costs no lookup. */
  async findLimited(key: string, address: string): Promise<KeyRecord | Refusal> {
    const found = await this.find(key, address);
    const isGuess = "reason" in found && ["bad_checksum", "malformed_key"].includes(found.reason);
    if (!isGuess) return found;
    const isThrottled = this.#throttle.isBlocked(address) || (await this.#throttle.recordFailure(address));
    return isThrottled ? { reason: "too_many_look_ups" } : found;
  }

  /** A key imported from its hash may have any text after its prefix. */
  async #findLegacy(key: string, address: string): Promise<KeyRecord | Refusal> {
    if (!looksLikeLegacyKey(key)) return { reason: "malformed_key" };
    if (this.#throttle.isBlocked(address)) return { reason: "too_many_look_ups" };
    const counted = this.#readAndCount(key, address);
    // A client that disconnects before the answer has made a lookup too.
    waitUntil(counted.catch(() => {}));
    return await counted;
  }

  async #readAndCount(key: string, address: string): Promise<KeyRecord | Refusal> {
    const found = await this.#read(key, this.#settings.peppers);
    if ("reason" in found) await this.#throttle.recordFailure(address);
    return found;
  }

  async #read(key: string, peppers: readonly string[]): Promise<KeyRecord | Refusal> {
    const found = await firstUnderPeppers(peppers, async (pepper) => {
      const hash = await hashKey(key, pepper);
      const record = await readKeyRecord(this.#kv, hash, this.#settings.ledgerTimeoutMs);
      return record === "missing" ? null : record;
    });
    if (found === "corrupt") return { reason: "corrupt_record" };
    return found ?? { reason: "unknown_key" };
  }
}
