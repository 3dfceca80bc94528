/**
 * Which fields of a change to a key, and which rows of an import, are valid: implemented a second time and as plainly as
 * possible, without the schemas, their regular expressions or any parser of the control plane.
 *
 * The formats of times are not modelled: TIMES lists texts with their meaning.
 */
import { isIP, isIPv4 } from "node:net";
import { PERMISSIONS } from "../../../src/policy.ts";

/** Texts and the time that they mean; null: not a time. */
export const TIMES: ReadonlyMap<string, string | null> = new Map([
  ["2099-01-31T12:00:00Z", "2099-01-31T12:00:00.000Z"],
  ["2099-01-31T14:00:00+02:00", "2099-01-31T12:00:00.000Z"],
  ["2020-02-29T00:00:00.5Z", "2020-02-29T00:00:00.500Z"],
  ["2019-02-29T00:00:00Z", null],
  ["2099-01-31", null],
  ["2099-01-31T12:00:00", null],
  ["never", null],
]);

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";

/** Code points that control a terminal or the direction of writing. */
function isControl(code: number): boolean {
  const isIn = (from: number, to: number) => code >= from && code <= to;
  return (
    isIn(0, 0x1f) || isIn(0x7f, 0x9f) || isIn(0x2028, 0x2029) || isIn(0x202a, 0x202e) || isIn(0x2066, 0x2069)
  );
}

function hasKey(text: string): boolean {
  return ["oct_live_", "oct_test_"].some((prefix) =>
    text
      .split(prefix)
      .slice(1)
      .some((rest) => rest.length >= 20 && [...rest.slice(0, 20)].every(isAlphanumeric)),
  );
}

function isAlphanumeric(character: string): boolean {
  return (LETTERS + LETTERS.toUpperCase() + DIGITS).includes(character);
}

function isText(value: unknown, least: number, most: number): boolean {
  if (typeof value !== "string" || Buffer.from(value).toString() !== value) return false;
  const characters = [...value.trim()];
  const isRightLength = characters.length >= least && characters.length <= most;
  return (
    isRightLength && !characters.some((one) => isControl(one.codePointAt(0) ?? 0)) && !hasKey(value.trim())
  );
}

function isTime(value: unknown): boolean {
  return value === null || (typeof value === "string" && Boolean(TIMES.get(value)));
}

function isNetwork(value: unknown): boolean {
  if (typeof value !== "string" || value.includes("%")) return false;
  const [address = "", prefix, ...more] = value.split("/");
  if (isIP(address) === 0 || more.length > 0) return false;
  if (prefix === undefined) return true;
  return (
    String(Number(prefix)) === prefix && Number(prefix) <= (isIPv4(address) ? 32 : 128) && Number(prefix) >= 0
  );
}

function isLabelName(name: string): boolean {
  const [first = "", ...rest] = name;
  const isShort = name.length <= 40 && !["constructor", "prototype"].includes(name);
  return (
    isShort &&
    first !== "" &&
    LETTERS.includes(first) &&
    rest.every((one) => `${LETTERS}${DIGITS}_.-`.includes(one))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLabels(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= 20 && entries.every(([name, text]) => isLabelName(name) && isText(text, 0, 100));
}

function isLimits(value: unknown): boolean {
  if (value === null) return true;
  if (!isObject(value)) return false;
  const isCount = (one: unknown) => Number.isInteger(one) && Number(one) >= 1 && Number(one) <= 1_000_000_000;
  const names = Object.keys(value).sort().join();
  return names === "publish_per_hour,requests_per_minute" && Object.values(value).every(isCount);
}

function isPermissions(value: unknown): boolean {
  if (!Array.isArray(value) || new Set(value).size !== value.length) return false;
  return value.every((one) => typeof one === "string" && Object.keys(PERMISSIONS).includes(one));
}

const CHANGE: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: (value) => isText(value, 1, 100),
  permissions: isPermissions,
  allowed_ips: (value) => Array.isArray(value) && value.length <= 50 && value.every(isNetwork),
  limits: isLimits,
  expires_at: isTime,
  revokes_at: isTime,
  labels: isLabels,
};

/** The fields of a change that are unknown or invalid. */
export function invalidFields(change: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(change).filter((name) => !Object.hasOwn(CHANGE, name) || !CHANGE[name]?.(change[name]));
}

export interface ImportedRow {
  readonly sha256: unknown;
  readonly name: unknown;
  readonly mode: unknown;
  readonly permissions?: unknown;
  readonly created_at?: unknown;
  readonly expires_at?: unknown;
}

/** The digest in lower-case hex; null: none. */
function digestOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const isHex =
    value.length === 64 && [...value.toLowerCase()].every((one) => `abcdef${DIGITS}`.includes(one));
  if (isHex) return value.toLowerCase();
  const text = value.length === 44 && value.endsWith("=") ? value.slice(0, -1) : value;
  if (text.length !== 43 || ![...text].every((one) => isAlphanumeric(one) || "+/-_".includes(one)))
    return null;
  return Buffer.from(text, "base64").toString("hex");
}

/** What a valid row imports, as text that is equal for equal rows; null: an invalid row. */
function meaningOf(
  row: ImportedRow,
  now: number,
): { readonly digest: string; readonly terms: string } | null {
  const { sha256, name, mode, permissions = [], created_at = null, expires_at = null } = row;
  const digest = digestOf(sha256);
  const isValid =
    isText(name, 1, 100) &&
    (mode === "live" || mode === "test") &&
    isPermissions(permissions) &&
    isTime(created_at) &&
    isTime(expires_at);
  if (digest === null || !isValid) return null;
  const [created, expires] = [created_at, expires_at].map((time) => TIMES.get(String(time)) ?? null);
  const began = created === null || created === undefined ? now : Date.parse(created);
  if (began > now || (expires && Date.parse(expires) <= began)) return null;
  const terms = [String(name).trim(), mode, [...(permissions as string[])].sort(), created, expires];
  return { digest, terms: JSON.stringify(terms) };
}

/** Whether each row is imported: it is valid, and no other row imports the same key with other terms. */
export function importedRows(rows: readonly ImportedRow[], now: number): boolean[] {
  const meanings = rows.map((row) => meaningOf(row, now));
  return meanings.map(
    (one) =>
      one !== null &&
      meanings.every((other) => other === null || other.digest !== one.digest || other.terms === one.terms),
  );
}
