/**
 * An API key as text: mint, recognise, check, hash.
 *
 * `oct_live_` or `oct_test_`, 30 random base62 characters (178 bits), 6 base62 characters of a keyed
 * check. Only the holder of the pepper can make a text that passes the check, so a made-up key is
 * refused without asking any store. No storage and no clock here; nothing here logs.
 */
import type { Mode } from "../policy.ts";

const KEY_FORMAT = /^oct_(live|test)_[0-9A-Za-z]{36}$/;
/** Keys from before the gateway: any shape behind the prefix. */
const LEGACY_KEY_FORMAT = /^oct_(live|test)_[\x21-\x7e]{1,200}$/;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH = 30;
const CHECK_LENGTH = 6;
const KEY_ID_LENGTH = 22;

/** Keeps the check apart from every other use of the pepper; the at-rest hash signs 32 bytes, never this. */
const CHECK_LABEL = "octopost api key check v1:";

const HMAC = { name: "HMAC", hash: "SHA-256" };
/** Of the few that an isolate is configured with; importing one costs as much as using it. */
const importedPeppers = new Map<string, CryptoKey>();

/** Makes a new key. The caller shows it once and stores only its hash. */
export async function mintKey(mode: Mode, pepper: string): Promise<string> {
  const start = `oct_${mode}_${randomBase62(RANDOM_LENGTH)}`;
  return start + (await keyCheck(start, pepper));
}

/** Makes a new key id: public, never secret. */
export function mintKeyId(): string {
  return `key_${randomBase62(KEY_ID_LENGTH)}`;
}

/** Whether the text has the shape of a key; says nothing about whether it was ever issued. */
export function looksLikeKey(text: string): boolean {
  return KEY_FORMAT.test(text);
}

/** Whether the text could be a key from before the gateway, which has no check. */
export function looksLikeLegacyKey(text: string): boolean {
  return LEGACY_KEY_FORMAT.test(text);
}

/**
 * The pepper under which the key's check holds, or null when somebody made the key up. `peppers` are
 * tried in order: the current one, then the previous one.
 */
export async function pepperOf(key: string, peppers: readonly string[]): Promise<string | null> {
  const start = key.slice(0, -CHECK_LENGTH);
  const check = key.slice(-CHECK_LENGTH);
  for (const pepper of peppers) {
    if (equalInConstantTime(check, await keyCheck(start, pepper))) return pepper;
  }
  return null;
}

/** HMAC-SHA-256(pepper, SHA-256(key)) as 64 hex digits: how a key is known at rest. */
export async function hashKey(key: string, pepper: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytesOf(key));
  return await hashDigest(new Uint8Array(digest), pepper);
}

/** The same from the key's SHA-256 (32 bytes), for keys whose text nobody has any more. */
export async function hashDigest(sha256: Uint8Array<ArrayBuffer>, pepper: string): Promise<string> {
  return hex(await hmac(pepper, sha256));
}

/** What may be shown of a key after it was issued: its prefix and last four characters. */
export function keyHint(key: string): string {
  return `${key.slice(0, "oct_live_".length)}…${key.slice(-4)}`;
}

async function keyCheck(start: string, pepper: string): Promise<string> {
  const mac = await hmac(pepper, bytesOf(CHECK_LABEL + start));
  let number = new DataView(mac.buffer).getBigUint64(0);
  let check = "";
  for (let i = 0; i < CHECK_LENGTH; i++) {
    check += BASE62[Number(number % 62n)];
    number /= 62n;
  }
  return check;
}

async function hmac(pepper: string, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const key = importedPeppers.get(pepper) ?? (await importPepper(pepper));
  return new Uint8Array(await crypto.subtle.sign(HMAC, key, message));
}

async function importPepper(pepper: string): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey("raw", bytesOf(pepper), HMAC, false, ["sign"]);
  importedPeppers.set(pepper, key);
  return key;
}

/** Uniform: bytes from 248 (4 × 62) up are drawn again, so that no character is likelier than another. */
function randomBase62(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < 248 && text.length < length) text += BASE62[byte % 62];
    }
  }
  return text;
}

/** Takes as long for a near miss as for a wild guess. Both texts have the same length here. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** TextEncoder never shares its memory, which its type does not say everywhere. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
