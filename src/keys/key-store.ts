/**
 * Key records in Workers KV: the only file that uses KV.
 *
 * A record is found, missing or corrupt. Every function here throws when KV fails or takes longer than `limitMs`. The
 * caller recognises that with `isUnavailable` and answers 503: an outage of KV must not refuse a valid key with a 401.
 */
import { type KeyRecord, parseKeyRecord, serializeKeyRecord } from "./key-record.ts";
import { type Schedule, withTimeLimit } from "./time-limit.ts";

/**
 * How long KV caches an answer at one location; the platform's default. Records never change, but KV caches a missing
 * record for the same time, so a longer one would keep a new key unknown where it was used before its record arrived.
 */
const CACHE_TTL_SECONDS = 60;

export type FoundRecord = KeyRecord | "missing" | "corrupt";

/** The record of the key with this hash (64 hex digits). */
export async function readKeyRecord(
  kv: KVNamespace,
  hash: string,
  limitMs: number,
  schedule?: Schedule,
): Promise<FoundRecord> {
  const value = await withTimeLimit(
    kv.get(entryName(hash), { type: "text", cacheTtl: CACHE_TTL_SECONDS }),
    limitMs,
    schedule,
  );
  if (value === null) return "missing";
  return parseKeyRecord(value) ?? "corrupt";
}

/** Names per bulk read; a limit of KV. */
const BULK_MAX = 100;

/** The records of the keys with these hashes, by hash; a missing record is left out. */
export async function readKeyRecords(
  kv: KVNamespace,
  hashes: readonly string[],
  limitMs: number,
): Promise<ReadonlyMap<string, KeyRecord | "corrupt">> {
  const found = new Map<string, KeyRecord | "corrupt">();
  for (let start = 0; start < hashes.length; start += BULK_MAX) {
    const names = new Map(hashes.slice(start, start + BULK_MAX).map((hash) => [entryName(hash), hash]));
    const entries = await withTimeLimit(kv.get([...names.keys()], { type: "text" }), limitMs);
    for (const [name, hash] of names) {
      const value = entries.get(name);
      if (typeof value === "string") found.set(hash, parseKeyRecord(value) ?? "corrupt");
    }
  }
  return found;
}

/** Writes a record. When it throws, the record may have been written nevertheless. */
export async function writeKeyRecord(
  kv: KVNamespace,
  hash: string,
  record: KeyRecord,
  limitMs: number,
): Promise<void> {
  await withTimeLimit(kv.put(entryName(hash), serializeKeyRecord(record)), limitMs);
}

/** Removes the record of a key that was never issued. */
export async function deleteKeyRecord(kv: KVNamespace, hash: string, limitMs: number): Promise<void> {
  await withTimeLimit(kv.delete(entryName(hash)), limitMs);
}

function entryName(hash: string): string {
  return `key:${hash}`;
}
