// The KV record of a key: a value that is not valid in every detail is corrupt, on read and on write.

import { describe, expect, test } from "vitest";
import { type KeyRecord, parseKeyRecord, serializeKeyRecord } from "../../src/keys/key-record.ts";

const RECORD: KeyRecord = {
  v: 1,
  id: "key_0123456789ABCDEFGHIJab",
  account: "acct_1",
  mode: "live",
  created_at: "2026-11-01T12:00:00.000Z",
};

const VALID: [what: string, record: KeyRecord][] = [
  ["a live key", RECORD],
  ["a test key", { ...RECORD, mode: "test" }],
  ["the shortest account", { ...RECORD, account: "a" }],
  ["the longest account", { ...RECORD, account: "Z-_9".repeat(16) }],
];

/** Each changes one field of a valid record; undefined leaves the field out. */
const CHANGES: [what: string, change: Record<string, unknown>][] = [
  ...Object.keys(RECORD).map((field): [string, Record<string, unknown>] => [
    `no ${field}`,
    { [field]: undefined },
  ]),
  ...Object.keys(RECORD).map((field): [string, Record<string, unknown>] => [
    `${field} null`,
    { [field]: null },
  ]),
  ...Object.keys(RECORD).map((field): [string, Record<string, unknown>] => [
    `${field} an object`,
    { [field]: {} },
  ]),

  ["one field too many", { extra: 1 }],
  ["one field too many, named as a method of every object", { constructor: 1 }],
  ["a revocation, which belongs to the ledger", { revoked_at: null }],
  ["permissions, which belong to the ledger", { permissions: "all" }],
  ["an empty list of permissions", { permissions: [] }],
  ["an expiry, which belongs to the ledger", { expires_at: null }],

  ["another version", { v: 2 }],
  ["version 0", { v: 0 }],
  ["the version as text", { v: "1" }],
  ["the version as true", { v: true }],

  ["an empty id", { id: "" }],
  ["an id without its prefix", { id: "0123456789ABCDEFGHIJab" }],
  ["an id one character short", { id: RECORD.id.slice(0, -1) }],
  ["an id one character long", { id: `${RECORD.id}x` }],
  ["an id with another character", { id: `${RECORD.id.slice(0, -1)}-` }],
  ["an id with a line end", { id: `${RECORD.id}\n` }],
  ["a number for an id", { id: 1 }],

  ["an empty account", { account: "" }],
  ["an account too long", { account: "a".repeat(65) }],
  ["an account with a space", { account: "a b" }],
  ["an account with a slash", { account: "a/b" }],
  ["an account with a line end", { account: "acct_1\n" }],
  ["an account beyond ASCII", { account: "café" }],
  ["a number for an account", { account: 1 }],

  ["an unknown mode", { mode: "sandbox" }],
  ["a mode in capitals", { mode: "LIVE" }],
  ["both modes", { mode: ["live", "test"] }],
  ["a method of every object for a mode", { mode: "constructor" }],

  ...["created_at"].flatMap((field): [string, Record<string, unknown>][] => [
    [`an empty ${field}`, { [field]: "" }],
    [`${field} in Unix milliseconds`, { [field]: 1_793_534_400_000 }],
    [`${field} without a time of day`, { [field]: "2026-11-01" }],
    [`${field} without a zone`, { [field]: "2026-11-01T12:00:00" }],
    [`${field} in month 13`, { [field]: "2026-13-01T12:00:00.000Z" }],
    [`${field} at 25 o'clock`, { [field]: "2026-11-01T25:00:00.000Z" }],
    [`${field} in words`, { [field]: "tomorrow" }],
    [`${field} with a line end`, { [field]: "2026-11-01T12:00:00.000Z\n" }],
    [`${field} with something before it`, { [field]: " 2026-11-01T12:00:00.000Z" }],
  ]),
];

/** KV values that are not even an object with the right fields. */
const NOT_RECORDS: [what: string, value: string][] = [
  ["nothing", ""],
  ["not JSON", "{"],
  ["null", "null"],
  ["true", "true"],
  ["a number", "1"],
  ["a text", '"all"'],
  ["an empty object", "{}"],
  ["an empty array", "[]"],
  ["a record in an array", JSON.stringify([RECORD])],
  ["a record in a text", JSON.stringify(JSON.stringify(RECORD))],
  ["a record's values without their names", JSON.stringify(Object.values(RECORD))],
  ["a record cut short", JSON.stringify(RECORD).slice(0, -1)],
  ["a record with something after it", `${JSON.stringify(RECORD)}x`],
  ["two records", JSON.stringify(RECORD) + JSON.stringify(RECORD)],
  ["a record as a prototype", `{"__proto__":${JSON.stringify(RECORD)}}`],
  ["a record with a prototype", JSON.stringify(RECORD).replace("{", '{"__proto__":{"mode":"test"},')],
  ["a HTML page", "<html></html>"],
];

test.each(VALID)("a record survives writing and reading: %s", (_, record) => {
  expect(parseKeyRecord(serializeKeyRecord(record))).toEqual(record);
});

test("a record is written as JSON with these fields and no other", () => {
  const written = JSON.parse(serializeKeyRecord(RECORD));
  expect(Object.keys(written)).toEqual(["v", "id", "account", "mode", "created_at"]);
});

describe("a changed record is corrupt on read", () => {
  test.each(CHANGES)("%s", (_, change) => {
    expect(parseKeyRecord(JSON.stringify({ ...RECORD, ...change }))).toBeNull();
  });
});

describe("a changed record cannot be written", () => {
  test.each(CHANGES)("%s", (_, change) => {
    expect(() => serializeKeyRecord(withChange(change))).toThrow();
  });
});

test.each(NOT_RECORDS)("is corrupt: %s", (_, value) => {
  expect(parseKeyRecord(value)).toBeNull();
});

test("of two fields with the same name the last one must be valid", () => {
  const text = JSON.stringify(RECORD);
  expect(parseKeyRecord(text.replace('"mode":"live"', '"mode":"live","mode":"any"'))).toBeNull();
});

function withChange(change: Record<string, unknown>): KeyRecord {
  const changed: Record<string, unknown> = { ...RECORD, ...change };
  for (const [field, value] of Object.entries(change)) if (value === undefined) delete changed[field];
  return changed as unknown as KeyRecord;
}
