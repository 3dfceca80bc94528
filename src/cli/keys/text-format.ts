// Times, durations and counts as text. Pure.
//
// Guarantees that text from elsewhere (a name, a reason) cannot move the cursor, change colours or reverse the text
// around it.

/** Control, line-breaking and direction-changing characters. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Replaces the secret part of every key in a text. */
export function redactKeys(text: string): string {
  return text.replaceAll(/(oct_(?:live|test)_)\w+/g, "$1…");
}

/** `2026-11-24 03:48:12`. Always UTC, which the heading says. */
export function timeInTable(iso: string | null, ifNull: string): string {
  return iso === null ? ifNull : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

export function readableTime(iso: string | null, ifNull = ""): string {
  return iso === null ? ifNull : `${timeInTable(iso, "")} UTC`;
}

/** `0.8 s`, `0 s`. */
export function readableMs(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

/** `1,000 lines`, `1 line`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? singular : plural}`;
}
