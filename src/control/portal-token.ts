/**
 * The tokens of the key page: one in a link, one in the session cookie.
 *
 * `<account>.<43 base64url characters>.<43 more>`: the account, 256 random bits, and a keyed check over both and the
 * token's kind. Only the holder of the pepper can create one, so a made-up token costs no ledger call, and the token of
 * a link is not accepted as a session token. The ledger stores digests only. No storage and no clock here.
 */

import {
  type Bytes,
  base64url,
  equalInConstantTime,
  firstUnderPeppers,
  hmacSha256,
  sha256,
} from "../keys/digests.ts";

export type PortalTokenKind = "link" | "session";

const FORMAT = /^([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{43}\.([A-Za-z0-9_-]{43})$/;
const RANDOM_BYTES = 32;

/** Domain separation: no other use of the pepper has this label. */
const CHECK_LABEL = "octopost key page v1:";

/**
 * A new token and its digest, under which the account's ledger stores it. `random`: 256 bits that an attacker cannot
 * guess; the same bits make the same token.
 */
export async function mintPortalToken(
  kind: PortalTokenKind,
  account: string,
  pepper: string,
  random: Bytes = randomBytes(),
) {
  const start = `${account}.${base64url(random)}`;
  const token = `${start}.${await keyedDigest(pepper, `${CHECK_LABEL}${kind}:${start}`)}`;
  return { token, digest: await digestOf(token) };
}

export function randomBytes(): Bytes {
  return crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
}

/** The token's account and digest; null when it is not a token of this kind under any of the peppers. */
export async function readPortalToken(
  kind: PortalTokenKind,
  token: string,
  peppers: readonly string[],
): Promise<{ readonly account: string; readonly digest: string } | null> {
  const [, account, check] = FORMAT.exec(token) ?? [];
  if (account === undefined || check === undefined) return null;
  const start = token.slice(0, -(check.length + 1));
  const pepper = await firstUnderPeppers(peppers, async (one) =>
    equalInConstantTime(check, await keyedDigest(one, `${CHECK_LABEL}${kind}:${start}`)) ? one : null,
  );
  return pepper === null ? null : { account, digest: await digestOf(token) };
}

/** A keyed digest of the text that only the holder of the session token can compute. */
export function boundToSession(token: string, text: string): Promise<string> {
  return keyedDigest(token, text);
}

async function digestOf(token: string): Promise<string> {
  return base64url(await sha256(token));
}

async function keyedDigest(secret: string, text: string): Promise<string> {
  return base64url(await hmacSha256(secret, text));
}
