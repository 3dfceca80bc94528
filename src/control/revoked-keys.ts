/**
 * An isolate's cache of revoked keys, by their text: a repeated call with a leaked key needs no store.
 *
 * Bounded; it keeps a digest of the key's text, never the text. A revocation is final, so a receipt never becomes wrong.
 * The rest of the key's object can still change, and is kept for a minute.
 */
import type { ApiKey, RevokedKey } from "../keys/api-key.ts";
import { hex, sha256 } from "../keys/digests.ts";
import { LruCache } from "../keys/lru-cache.ts";

const KEYS_MAX = 1000;
const OBJECT_KEPT_MS = 60_000;

interface Entry {
  readonly key: RevokedKey;
  readonly storedAt: number;
}

export class RevokedKeys {
  readonly #entries = new LruCache<Entry>(KEYS_MAX);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async receipt(text: string): Promise<RevokedKey | undefined> {
    return this.#entries.get(await digestOf(text))?.key;
  }

  async object(text: string): Promise<ApiKey | undefined> {
    const entry = this.#entries.get(await digestOf(text));
    if (entry === undefined || this.#now() - entry.storedAt > OBJECT_KEPT_MS) return undefined;
    const { effective_at: _, waited_ms: __, lease_bound_ms: ___, ...key } = entry.key;
    return key;
  }

  /** `key`: the ledger's answer to a revocation, so it is in effect. */
  async add(text: string, key: RevokedKey): Promise<void> {
    this.#entries.set(await digestOf(text), { key, storedAt: this.#now() });
  }
}

async function digestOf(text: string): Promise<string> {
  return hex(await sha256(text));
}
