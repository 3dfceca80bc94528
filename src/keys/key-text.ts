/**
 * An API key as text: mint, recognise, check, hash.
 *
 * `oct_live_` or `oct_test_`, the locator of the account's ledger (16 base62 characters), 24 random base62 characters
 * (142 bits), 6 base62 characters of a keyed check. Only the holder of the pepper can make a text that passes the check,
 * so a made-up key is refused without a store call. It does no I/O, reads no clock and does not log.
 */
import type { Mode } from "../policy.ts";
import { base62Digits, randomBase62 } from "./base62.ts";
import { type Bytes, equalInConstantTime, firstUnderPeppers, hex, hmacSha256, sha256 } from "./digests.ts";
import { accountLocator, LOCATOR_LENGTH } from "./locator.ts";

const KEY_FORMAT = /^oct_(live|test)_[0-9A-Za-z]{46}$/;
/** Keys issued before the gateway: any text after the prefix. */
const LEGACY_KEY_FORMAT = /^oct_(live|test)_[\x21-\x7e]{1,200}$/;
/** A key anywhere in a text: also one that lost its last characters, or one from before the gateway if it is long enough. */
const KEY_IN_TEXT = /oct_(?:live|test)_[0-9A-Za-z]{20}/;
/** Every text in the shape of a key, also where one begins within another. */
const KEYS_IN_TEXT = /(?=(oct_(?:live|test)_[0-9A-Za-z]{46}))/g;
const PREFIX_LENGTH = "oct_live_".length;
const RANDOM_LENGTH = 24;
const CHECK_LENGTH = 6;
const KEY_ID_LENGTH = 22;

/** Separates the check from every other use of the pepper; the at-rest hash signs 32 bytes, never this text. */
const CHECK_LABEL = "octopost api key check v1:";

/** Makes a new key of the account. The caller shows it once and stores only its hash. */
export async function mintKey(mode: Mode, account: string, pepper: string): Promise<string> {
  const start = `oct_${mode}_${await accountLocator(account)}${randomBase62(RANDOM_LENGTH)}`;
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

/** The locator in a text that has the shape of a key. */
export function locatorOf(key: string): string {
  return key.slice(PREFIX_LENGTH, PREFIX_LENGTH + LOCATOR_LENGTH);
}

/** Whether a key, or most of one, stands anywhere in the text. */
export function containsKey(text: string): boolean {
  return KEY_IN_TEXT.test(text);
}

/** The texts in the shape of a key that stand anywhere in the text, whatever surrounds them. */
export function keysIn(text: string): string[] {
  return [...text.matchAll(KEYS_IN_TEXT)].map(([, key = ""]) => key);
}

/** Whether the text could be a key issued before the gateway; those have no check. */
export function looksLikeLegacyKey(text: string): boolean {
  return LEGACY_KEY_FORMAT.test(text);
}

/** The pepper under which the key passes its check; null for a made-up key. */
export async function pepperOf(key: string, peppers: readonly string[]): Promise<string | null> {
  const start = key.slice(0, -CHECK_LENGTH);
  const check = key.slice(-CHECK_LENGTH);
  return await firstUnderPeppers(peppers, async (pepper) =>
    equalInConstantTime(check, await keyCheck(start, pepper)) ? pepper : null,
  );
}

/** HMAC-SHA-256(pepper, SHA-256(key)) as 64 hex digits: the key at rest. */
export async function hashKey(key: string, pepper: string): Promise<string> {
  return await hashDigest(await sha256(key), pepper);
}

/** The same from the key's SHA-256 (32 bytes), for imported keys, whose text is not known. */
export async function hashDigest(digest: Bytes, pepper: string): Promise<string> {
  return hex(await hmacSha256(pepper, digest));
}

/** The part of a key that is shown after it was issued: its prefix and last four characters. */
export function keyHint(key: string): string {
  return `${key.slice(0, PREFIX_LENGTH)}…${key.slice(-4)}`;
}

async function keyCheck(start: string, pepper: string): Promise<string> {
  const mac = await hmacSha256(pepper, CHECK_LABEL + start);
  return base62Digits(new DataView(mac.buffer).getBigUint64(0), CHECK_LENGTH);
}
