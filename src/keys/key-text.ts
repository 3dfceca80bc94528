/**
 * An API key as text: mint, recognise, verify its checksum, hash.
 *
 * `oct_live_` or `oct_test_`, the locator of the account's ledger (16 base62 characters), 24 random base62 characters
 * (142 bits), 6 base62 characters of a keyed checksum. Only the holder of the pepper can compute the checksum, so a
 * made-up key is refused without a store call. It does no I/O, reads no clock and does not log.
 */
import type { Mode } from "../policy.ts";
import { base62Digits, randomBase62 } from "./base62.ts";
import { type Bytes, equalInConstantTime, firstUnderPeppers, hex, hmacSha256, sha256 } from "./digests.ts";
import { accountLocator, LOCATOR_LENGTH } from "./locator.ts";

const KEY_FORMAT = /^oct_(live|test)_[0-9A-Za-z]{46}$/;
/** Keys issued before the gateway: any text after the prefix. */
const LEGACY_KEY_FORMAT = /^oct_(live|test)_[\x21-\x7e]{1,200}$/;
/** A key anywhere in a text, also without its last characters; a key issued before the gateway if it is long enough. */
const KEY_IN_TEXT = /oct_(?:live|test)_[0-9A-Za-z]{20}/;
/** Every text in the shape of a key, also one that begins within another. */
const KEYS_IN_TEXT = /(?=(oct_(?:live|test)_[0-9A-Za-z]{46}))/g;
const PREFIX_LENGTH = "oct_live_".length;
const RANDOM_LENGTH = 24;
const CHECKSUM_LENGTH = 6;
const KEY_ID_LENGTH = 22;

/** Separates the checksum from every other use of the pepper; the at-rest hash signs 32 bytes, never this text. */
const CHECKSUM_LABEL = "octopost api key check v1:";

/** Makes a new key of the account. The caller shows it once and stores only its hash. */
export async function mintKey(mode: Mode, account: string, pepper: string): Promise<string> {
  const start = `oct_${mode}_${await accountLocator(account)}${randomBase62(RANDOM_LENGTH)}`;
  return start + (await keyedChecksum(start, pepper));
}

/** Makes a new key id: public, never secret. */
export function mintKeyId(): string {
  return `key_${randomBase62(KEY_ID_LENGTH)}`;
}

/** Whether the text has the shape of a key. It may have a wrong checksum, or was never issued. */
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

/** Whether the text could be a key issued before the gateway; those have no checksum. */
export function looksLikeLegacyKey(text: string): boolean {
  return LEGACY_KEY_FORMAT.test(text);
}

/** The pepper under which the key's checksum is right; null for a made-up key. */
export async function pepperOf(key: string, peppers: readonly string[]): Promise<string | null> {
  const start = key.slice(0, -CHECKSUM_LENGTH);
  const checksum = key.slice(-CHECKSUM_LENGTH);
  return await firstUnderPeppers(peppers, async (pepper) =>
    equalInConstantTime(checksum, await keyedChecksum(start, pepper)) ? pepper : null,
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

async function keyedChecksum(start: string, pepper: string): Promise<string> {
  const mac = await hmacSha256(pepper, CHECKSUM_LABEL + start);
  return base62Digits(new DataView(mac.buffer).getBigUint64(0), CHECKSUM_LENGTH);
}
