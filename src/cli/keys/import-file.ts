// Reads the file of an import as a stream: JSON Lines, one key per line.
//
// Guarantees that a malformed line is an entry too, with its number and the error, and that its text is never repeated:
// it may contain a key. The fields of a row are validated by the gateway.

import { createReadStream } from "node:fs";
import { requireUtf8 } from "./text-input.ts";

/** Far more than a valid row needs. */
const LINE_MAX_BYTES = 8192;
const LINE_END = 0x0a;
const BYTE_ORDER_MARK = "\ufeff";

export type ImportEntry =
  | {
      readonly line: number;
      readonly row: Readonly<Record<string, unknown>>;
      /** Its size in a request body. */
      readonly bytes: number;
    }
  | { readonly line: number; readonly error: string };

/** Every line that is not blank, in order. Rejects when the file cannot be read or is not UTF-8. */
export async function* readImportFile(path: string): AsyncGenerator<ImportEntry> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 0;
  for await (const bytes of linesOf(path)) {
    line += 1;
    const entry = entryOf(line, bytes, decoder);
    if (entry !== null) yield entry;
  }
}

function entryOf(line: number, bytes: Buffer, decoder: TextDecoder): ImportEntry | null {
  if (bytes.length > LINE_MAX_BYTES) return { line, error: `is longer than ${LINE_MAX_BYTES} bytes` };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { line, error: "is not UTF-8" };
  }
  if (line === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
  if (text.trim() === "") return null;
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return { line, error: "is not JSON" };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row))
    return { line, error: "is not an object" };
  return { line, row: row as Record<string, unknown>, bytes: Buffer.byteLength(JSON.stringify(row)) };
}

/** The bytes of each line, without the line end. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let isFirst = true;
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    if (isFirst) requireUtf8(bytes, path);
    isFirst = false;
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
