// Decodes text from files and from standard input, which editors and shells write in several encodings.
//
// Guarantees UTF-8 with or without a byte order mark, and an error that names UTF-16 (PowerShell writes it) instead of
// one about the keys in it. Errors never contain the text: it may be a key.

import { buffer } from "node:stream/consumers";
import { UsageError } from "./errors.ts";

export const LINE_END = /\r\n|\r|\n/;

const CHECKED_BYTES = 1024;

/** Throws for UTF-16 and UTF-32: `start` is the beginning of the text. */
export function requireUtf8(start: Uint8Array, source: string): void {
  const hasMark = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
  // Without a byte order mark, ASCII text in UTF-16 has a zero byte per character.
  if (hasMark || start.subarray(0, CHECKED_BYTES).includes(0)) {
    throw new UsageError(
      `${source} is UTF-16, not UTF-8: convert it first, for example with iconv -f UTF-16 -t UTF-8`,
    );
  }
}

export async function readStandardInput(): Promise<string> {
  const bytes = await buffer(process.stdin);
  requireUtf8(bytes, "standard input");
  try {
    // A byte order mark is removed.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError("standard input is not UTF-8 text");
  }
}
