/** Base62: the alphabet of keys, key ids and locators. */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The last `length` digits of the number, the most significant first. */
export function base62Digits(number: bigint, length: number): string {
  let digits = "";
  let rest = number;
  for (let i = 0; i < length; i++) {
    digits = ALPHABET[Number(rest % 62n)] + digits;
    rest /= 62n;
  }
  return digits;
}

/** Rejection sampling: bytes from 248 (4 × 62) up are discarded, so every character is equally likely. */
export function randomBase62(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
}
