/**
 * The locator of an account: 16 base62 characters (95 bits) that name its ledger, and stand in each of its keys.
 *
 * Public and computed from the account alone, so it proves nothing: the ledger decides whether a key exists. Pure.
 */
import { base62Digits } from "./base62.ts";
import { hex, sha256 } from "./digests.ts";

export const LOCATOR_LENGTH = 16;

/** Base62 digits of a 256-bit number. */
const SHA256_DIGITS = 43;

/** Separates the locator from every other use of SHA-256. */
const LABEL = "octopost account locator v1:";

/** The first 16 of the 43 base62 digits of the SHA-256. */
export async function accountLocator(account: string): Promise<string> {
  const digest = BigInt(`0x${hex(await sha256(LABEL + account))}`);
  return base62Digits(digest, SHA256_DIGITS).slice(0, LOCATOR_LENGTH);
}
