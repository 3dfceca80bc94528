/**
 * What opens the key page: the token in a link, and the one in the browser's cookie.
 *
 * `<account>.<43 base64url characters>.<43 more>`: whose page, 256 random bits, and a keyed check over both and
 * the token's kind. Only the holder of the pepper can make one, so a made-up token reaches no ledger, and a link's
 * token is good for nothing as a session's. The ledger keeps digests alone. No storage and no clock here.
 */

export type PortalTokenKind = "link" | "session";

const FORMAT = /^([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{43}\.([A-Za-z0-9_-]{43})$/;
const RANDOM_BYTES = 32;

/** Keeps the check apart from every other use of the pepper. */
const CHECK_LABEL = "octopost key page v1:";

/** A new token and the digest that the account's ledger knows it by. */
export async function mintPortalToken(kind: PortalTokenKind, account: string, pepper: string) {
  const random = base64url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
  const start = `${account}.${random}`;
  const token = `${start}.${await keyedDigest(pepper, `${CHECK_LABEL}${kind}:${start}`)}`;
  return { token, digest: await digestOf(token) };
}

/** The token's account and digest, or null when none of the peppers made it as this kind. */
export async function readPortalToken(
  kind: PortalTokenKind,
  token: string,
  peppers: readonly string[],
): Promise<{ readonly account: string; readonly digest: string } | null> {
  const [, account, check] = FORMAT.exec(token) ?? [];
  if (account === undefined || check === undefined) return null;
  const start = token.slice(0, -(check.length + 1));
  for (const pepper of peppers) {
    if (await isSame(check, await keyedDigest(pepper, `${CHECK_LABEL}${kind}:${start}`))) {
      return { account, digest: await digestOf(token) };
    }
  }
  return null;
}

/** What a session's token makes of a text: only that session's browser could have been given it. */
export function boundToSession(token: string, text: string): Promise<string> {
  return keyedDigest(token, text);
}

/** Compares digests, so that nothing of the texts shows in the time it takes. */
export async function isSame(a: string, b: string): Promise<boolean> {
  const [digestA, digestB] = await Promise.all([sha256(a), sha256(b)]);
  const [bytesA, bytesB] = [new Uint8Array(digestA), new Uint8Array(digestB)];
  return bytesA.reduce((difference, byte, i) => difference | (byte ^ (bytesB[i] ?? 0)), 0) === 0;
}

async function digestOf(token: string): Promise<string> {
  return base64url(new Uint8Array(await sha256(token)));
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

async function keyedDigest(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
