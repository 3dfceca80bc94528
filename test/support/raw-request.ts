/**
 * Encodes a request as the exact bytes that the test gave, in the order given. It does not check that they make sense.
 */

import { type Header, headerOf } from "./response-framing.ts";

export type Bytes = string | Buffer;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** `Host` and the body's framing are added when missing; everything else is sent unchanged. */
  readonly headers?: readonly Header[];
  /** An iterable is sent chunked, unless the headers give a `Content-Length`. */
  readonly body?: Bytes | AsyncIterable<Bytes>;
}

/** Names, values and target are written unchanged, in the order given. */
export function encodeRequest(request: RawRequest, address: Address): Bytes | AsyncIterable<Bytes> {
  const { method, target, headers = [], body } = request;
  const has = (name: string) => headerOf(headers, name) !== undefined;
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!has("host")) lines.push(`Host: ${address.host}:${address.port}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const framed = has("content-length") || has("transfer-encoding");
  if (body !== undefined && !framed) {
    lines.push(isBytes(body) ? `Content-Length: ${body.length}` : "Transfer-Encoding: chunked");
  }
  const head = toBuffer(`${lines.join("\r\n")}\r\n\r\n`);
  if (body === undefined) return head;
  if (isBytes(body)) return Buffer.concat([head, toBuffer(body)]);
  return streamed(head, body, !has("content-length"));
}

async function* streamed(head: Buffer, body: AsyncIterable<Bytes>, chunked: boolean): AsyncGenerator<Buffer> {
  yield head;
  for await (const piece of body) {
    const bytes = toBuffer(piece);
    // An empty chunk would end the message.
    if (bytes.length === 0) continue;
    const frame = [toBuffer(`${bytes.length.toString(16)}\r\n`), bytes, toBuffer("\r\n")];
    yield chunked ? Buffer.concat(frame) : bytes;
  }
  if (chunked) yield toBuffer("0\r\n\r\n");
}

/** A string stands for its latin1 bytes, so that a test can write any byte. */
export function isBytes(value: Bytes | AsyncIterable<Bytes>): value is Bytes {
  return typeof value === "string" || Buffer.isBuffer(value);
}

export function toBuffer(bytes: Bytes): Buffer {
  return typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
}
