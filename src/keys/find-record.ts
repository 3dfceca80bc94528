/**
 * From the text of a key to its record in KV.
 *
 * Guarantees that a text which fails the keyed check costs no look-up, unless keys from before the
 * gateway are accepted; those have no check, so failed look-ups are limited by client network.
 */
import { waitUntil } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { KeyRecord } from "./key-record.ts";
import { readKeyRecord } from "./key-store.ts";
import { hashKey, looksLikeKey, looksLikeLegacyKey, pepperOf } from "./key-text.ts";
import type { LookupThrottle } from "./lookup-throttle.ts";

export class RecordFinder {
  readonly #kv: KVNamespace;
  readonly #settings: Settings;
  readonly #failedLookUps: LookupThrottle;

  constructor(env: Env, settings: Settings, failedLookUps: LookupThrottle) {
    this.#kv = env.API_KEYS;
    this.#settings = settings;
    this.#failedLookUps = failedLookUps;
  }

  /** `address`: the client's, to limit its failed look-ups of keys without a check. */
  async find(key: string, address: string): Promise<KeyRecord | Refusal> {
    try {
      const pepper = looksLikeKey(key) ? await pepperOf(key, this.#settings.peppers) : null;
      if (pepper !== null) return await this.#read(key, [pepper]);
      if (!this.#settings.acceptLegacyKeys) {
        return { reason: looksLikeKey(key) ? "bad_checksum" : "malformed_key" };
      }
      return await this.#findLegacy(key, address);
    } catch {
      return { reason: "store_unreachable" };
    }
  }

  /** The same for somebody who may be guessing: a text that cannot be a key counts too, though it costs no look-up. */
  async findLimited(key: string, address: string): Promise<KeyRecord | Refusal> {
    if (this.#failedLookUps.isBlocked(address)) return { reason: "too_many_look_ups" };
    const found = await this.find(key, address);
    const costNothing = "reason" in found && ["bad_checksum", "malformed_key"].includes(found.reason);
    if (costNothing && (await this.#failedLookUps.recordFailure(address)))
      return { reason: "too_many_look_ups" };
    return found;
  }

  /** A key imported from its hash may have any shape behind its prefix. */
  async #findLegacy(key: string, address: string): Promise<KeyRecord | Refusal> {
    if (!looksLikeLegacyKey(key)) return { reason: "malformed_key" };
    if (this.#failedLookUps.isBlocked(address)) return { reason: "too_many_look_ups" };
    const counted = this.#readAndCount(key, address);
    // Whoever hangs up before the answer has made a look-up all the same.
    waitUntil(counted.catch(() => {}));
    return await counted;
  }

  async #readAndCount(key: string, address: string): Promise<KeyRecord | Refusal> {
    const found = await this.#read(key, this.#settings.peppers);
    if ("reason" in found) await this.#failedLookUps.recordFailure(address);
    return found;
  }

  async #read(key: string, peppers: readonly string[]): Promise<KeyRecord | Refusal> {
    for (const pepper of peppers) {
      const found = await readKeyRecord(this.#kv, await hashKey(key, pepper), this.#settings.ledgerTimeoutMs);
      if (found === "corrupt") return { reason: "corrupt_record" };
      if (found !== "missing") return found;
    }
    return { reason: "unknown_key" };
  }
}
