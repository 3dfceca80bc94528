/**
 * Sends the client's body to the origin.
 *
 * Guarantees that the origin gets the client's bytes in the client's framing, and that `onProgress` runs whenever the
 * origin has taken a piece: the time limit for its answer counts from the end of the upload, and also ends an upload that
 * stalls. Of a large upload that is fast, the rest is piped natively: only its end is reported.
 */
import { type BodyStart, GATHERED_MAX_BYTES, gatherBody, writeStart } from "./gather-body.ts";

const READ_BYTES = 32_768;

/**
 * Reading in JavaScript costs about twice the CPU of a native pipe, which matters only for an upload that is large and
 * fast.
 */
const FAST_AFTER_MS = 250;
const FAST_BYTES_PER_MS = 1024;
const FAST_REST_MIN_BYTES = 1024 * 1024;
/** The slowest speed that the time limit allows for the rest of a fast upload. */
const FAST_REST_BYTES_PER_MS = 16;

export interface UploadContext {
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** The origin has taken a piece. `restMs`: how much longer than usual the next one may take. */
  readonly onProgress: (restMs?: number) => void;
  /** The client's body broke off. */
  readonly onBroken: () => void;
}

/** The body for `fetch`. A small body with a length is gathered first, since nearly always all of it has arrived. */
export async function startUpload(request: Request, context: UploadContext): Promise<BodyInit | null> {
  const { body } = request;
  const length = lengthOf(request);
  if (body === null || length === 0) return body;
  if (length === null || length > GATHERED_MAX_BYTES) {
    return pipe(null, body, length, context);
  }
  const gathered = await gatherBody(body, length);
  context.onProgress();
  return gathered.isWhole ? gathered.bytes : pipe(gathered.start, body, length, context);
}

function pipe(
  start: BodyStart | null,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number | null,
  context: UploadContext,
): ReadableStream {
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  // An error also fails the fetch that reads the stream, which reports it.
  void pump(start, body, writable, length, context).catch(() => {});
  return readable;
}

async function pump(
  start: BodyStart | null,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  writable: WritableStream,
  length: number | null,
  context: UploadContext,
): Promise<void> {
  if (start && !(await writeStart(start, writable, context.signal))) return context.onProgress();
  context.onProgress();
  const restBytes = await writePieces(body, writable, length, context);
  if (restBytes === 0) return;
  context.onProgress(restBytes / FAST_REST_BYTES_PER_MS);
  await body.pipeTo(writable, { signal: context.signal });
  context.onProgress();
}

/** Writes piece by piece to the end, and returns 0; or the size of a rest that is large and comes fast. */
async function writePieces(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  writable: WritableStream,
  length: number | null,
  { now, onProgress, onBroken }: UploadContext,
): Promise<number> {
  const reader = body.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  const startedAt = now();
  let sent = 0;
  for (;;) {
    // The writable stays open then: the platform ends a chunked body properly when its stream is aborted.
    const { value, done } = await reader.read(new Uint8Array(READ_BYTES)).catch((error) => {
      onBroken();
      throw error;
    });
    if (done) break;
    await writer.write(value);
    onProgress();
    sent += value.byteLength;
    const ms = now() - startedAt;
    const restBytes = (length ?? 0) - sent;
    if (restBytes < FAST_REST_MIN_BYTES || ms < FAST_AFTER_MS || sent < ms * FAST_BYTES_PER_MS) continue;
    reader.releaseLock();
    writer.releaseLock();
    return restBytes;
  }
  await writer.close();
  onProgress();
  return 0;
}

/** Null for a body in chunks; the platform refuses a length with chunks. */
function lengthOf({ headers }: Request): number | null {
  const length = headers.get("Content-Length");
  return length !== null && /^\d+$/.test(length) && Number.isSafeInteger(Number(length))
    ? Number(length)
    : null;
}
