/**
 * SHA-256, HMAC-SHA-256, their texts, and comparison in constant time: the only file that computes them.
 *
 * Guarantees that the time of a comparison does not depend on how much of the two texts is equal. It knows neither keys
 * nor tokens, and does not log.
 */

import { LruCache } from "./lru-cache.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const HMAC = { name: "HMAC", hash: "SHA-256" };

/**
 * Importing a secret costs as much as signing with it. An isolate uses one or two peppers; the rest are session tokens.
 */
const IMPORTED_SECRETS_MAX = 16;
const importedSecrets = new LruCache<CryptoKey>(IMPORTED_SECRETS_MAX);

export async function sha256(message: string | Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytesOf(message)));
}

export async function hmacSha256(secret: string | Bytes, message: string | Bytes): Promise<Bytes> {
  const key = (typeof secret === "string" && importedSecrets.get(secret)) || (await importSecret(secret));
  return new Uint8Array(await crypto.subtle.sign(HMAC, key, bytesOf(message)));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** RFC 4648 §4. */
export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** RFC 4648 §5, without padding. */
export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Base64 and base64url, with or without padding. */
export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** The time depends on the lengths, not on the contents; `isSameSecret` hides the lengths too. */
export function equalInConstantTime(a: string | Bytes, b: string | Bytes): boolean {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  let difference = left.length ^ right.length;
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  return difference === 0;
}

/** Compares digests, so the time reveals neither content nor length. */
export async function isSameSecret(a: string, b: string): Promise<boolean> {
  return equalInConstantTime(await sha256(a), await sha256(b));
}

/** The first result that is not null: under the current pepper, then under the previous one. */
export async function firstUnderPeppers<Result>(
  peppers: readonly string[],
  attempt: (pepper: string) => Promise<Result | null>,
): Promise<Result | null> {
  for (const pepper of peppers) {
    const result = await attempt(pepper);
    if (result !== null) return result;
  }
  return null;
}

async function importSecret(secret: string | Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey("raw", bytesOf(secret), HMAC, false, ["sign"]);
  if (typeof secret === "string") importedSecrets.set(secret, key);
  return key;
}

function bytesOf(message: string | Bytes): Bytes {
  // TextEncoder never shares its memory; its type does not say so.
  return typeof message === "string" ? (new TextEncoder().encode(message) as Bytes) : message;
}
