/**
 * What opens the key page: the token in a link, and the one in the browser's cookie.
 *
 * `<account>.<43 base64url characters>.<43 more>`: whose page, 256 random bits, and a keyed check over both and
 * the token's kind. Only the holder of the pepper can make one, so a made-up token reaches no ledger, and a link's
 * token is good for nothing as a session's. The ledger keeps digests alone. No storage and no clock here.
 */

import { base64url, equalInConstantTime, firstUnderPeppers, hmacSha256, sha256 } from "../keys/digests.ts";

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
  const pepper = await firstUnderPeppers(peppers, async (one) =>
    equalInConstantTime(check, await keyedDigest(one, `${CHECK_LABEL}${kind}:${start}`)) ? one : null,
  );
  return pepper === null ? null : { account, digest: await digestOf(token) };
}

/** What a session's token makes of a text: only that session's browser could have been given it. */
export function boundToSession(token: string, text: string): Promise<string> {
  return keyedDigest(token, text);
}

async function digestOf(token: string): Promise<string> {
  return base64url(await sha256(token));
}

async function keyedDigest(secret: string, text: string): Promise<string> {
  return base64url(await hmacSha256(secret, text));
}
