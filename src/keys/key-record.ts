/**
 * The KV record of a key: its identity, and nothing that can change. Written once, so it may be cached indefinitely.
 *
 * Validated in full on write and on read: a value that does not validate is corrupt. It does no I/O.
 */
import * as v from "valibot";
import { PERMISSIONS, type Permission } from "../policy.ts";
import { timestampSchema } from "./timestamp.ts";

export const ACCOUNT_FORMAT = /^[A-Za-z0-9_-]{1,64}$/;
export const KEY_ID_FORMAT = /^key_[0-9A-Za-z]{22}$/;

export const permissionSchema = v.picklist(Object.keys(PERMISSIONS) as Permission[]);
export const modeSchema = v.picklist(["live", "test"]);
const recordSchema = v.strictObject({
  v: v.literal(1),
  id: v.pipe(v.string(), v.regex(KEY_ID_FORMAT)),
  account: v.pipe(v.string(), v.regex(ACCOUNT_FORMAT)),
  mode: modeSchema,
  created_at: timestampSchema,
});

export type KeyRecord = Readonly<v.InferOutput<typeof recordSchema>>;

/** The record in a KV value; null when the value is not a valid record. */
export function parseKeyRecord(value: string): KeyRecord | null {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return null;
  }
  const parsed = v.safeParse(recordSchema, json);
  return parsed.success ? parsed.output : null;
}

/** The KV value of a record. Throws when the record is not valid, which is a fault of this program. */
export function serializeKeyRecord(record: KeyRecord): string {
  return JSON.stringify(v.parse(recordSchema, record));
}

/** Whether both records identify the same key. */
export function isSameRecord(a: KeyRecord, b: KeyRecord): boolean {
  return a.id === b.id && a.account === b.account && a.mode === b.mode && a.created_at === b.created_at;
}
