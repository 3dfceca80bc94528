// The file of an import: JSON Lines, one key a line, read as a stream.
//
// Guarantees that a line which is no row is an entry like any other, with its number and what is wrong with it, and
// that what it contains is never repeated: it might be a key. What a row must have, the gateway judges.

import { createReadStream } from "node:fs";

/** Far more than a valid row can take, so that a thousand rows fit into one call. */
const LINE_MAX_BYTES = 8192;
const LINE_END = 0x0a;
/** Of a Windows file, or of an editor's. */
const BYTE_ORDER_MARK = "\ufeff";

export type ImportEntry =
  | {
      readonly line: number;
      readonly row: Readonly<Record<string, unknown>>;
      /** What it takes in a body. */
      readonly bytes: number;
    }
  | { readonly line: number; readonly mistake: string };

/** Every line that is not blank, in order. Rejects when the file cannot be read. */
export async function* readImportFile(path: string): AsyncGenerator<ImportEntry> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 0;
  for await (const bytes of linesOf(path)) {
    line += 1;
    const entry = entryOf(line, bytes, decoder);
    if (entry !== null) yield entry;
  }
}

/** How many lines there are that are not blank, for the progress. */
export async function countLines(path: string): Promise<number> {
  let count = 0;
  for await (const bytes of linesOf(path)) if (bytes.toString("latin1").trim() !== "") count += 1;
  return count;
}

function entryOf(line: number, bytes: Buffer, decoder: TextDecoder): ImportEntry | null {
  if (bytes.length > LINE_MAX_BYTES) return { line, mistake: `is longer than ${LINE_MAX_BYTES} bytes` };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { line, mistake: "is not UTF-8" };
  }
  if (line === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
  if (text.trim() === "") return null;
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return { line, mistake: "is not JSON" };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row))
    return { line, mistake: "is not an object" };
  return { line, row: row as Record<string, unknown>, bytes: Buffer.byteLength(JSON.stringify(row)) };
}

/** The bytes of each line, without its end. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
      yield Buffer.concat([...pieces, bytes.subarray(start, end)]);
      pieces = [];
      start = end + 1;
    }
    if (start < bytes.length) pieces.push(bytes.subarray(start));
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}
