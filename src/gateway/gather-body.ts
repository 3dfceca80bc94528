/**
 * Reads the start of a body, and all of it if it is small and comes soon.
 *
 * Guarantees that no byte is lost or reordered: what has been read and the read under way are handed on together with
 * the reader. Holds at most GATHERED_MAX_BYTES and the one piece that went over.
 */

/** A body up to this size is gathered whole. */
export const GATHERED_MAX_BYTES = 32_768;
/** For all reads of one body together, from the first that has to wait: longer than the pieces of one message lie apart. */
export const GATHERING_MAX_MS = 200;
/** The last part of that, after a turn of the event loop: a busy isolate reads then what arrived in the meantime. */
const ARRIVED_MAX_MS = 30;
/** From the arrival of a break until it is passed on. */
const BREAK_DELAY_MS = 10;
/** A reader without a buffer returns up to this at once, and is the cheaper kind. */
const UNBUFFERED_READ_MAX_BYTES = 4096;

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | ReadableStreamBYOBReader;

export type GatheredBody =
  | { readonly isWhole: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly isWhole: false; readonly start: BodyStart };

/** The pieces that have arrived, and the read that was under way when the gathering stopped. */
export interface BodyStart {
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  readonly reader: Reader;
  readonly pending: Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> | null;
}

/** `length`: what was announced; null for a body in chunks. An error is left to the caller that awaits `pending`. */
export async function gatherBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number | null,
): Promise<GatheredBody> {
  const isBuffered = length !== null && length > UNBUFFERED_READ_MAX_BYTES;
  const reader: Reader = isBuffered ? body.getReader({ mode: "byob" }) : body.getReader();
  const pause = new Pause();
  try {
    return await gatherPieces(reader, length, pause);
  } finally {
    pause.clear();
  }
}

async function gatherPieces(reader: Reader, length: number | null, pause: Pause): Promise<GatheredBody> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let gathered = 0;
  while (gathered <= GATHERED_MAX_BYTES) {
    const read =
      reader instanceof ReadableStreamBYOBReader
        ? reader.read(new Uint8Array((length ?? 0) - gathered))
        : reader.read();
    try {
      // A body with a length nearly always comes whole with the first read, which therefore costs no timer.
      const result = length !== null && gathered === 0 ? await read : await pause.unlessOver(read);
      if (result === null) return { isWhole: false, start: { pieces, reader, pending: read } };
      const bytes = result.value?.byteLength ?? 0;
      if (result.value && bytes > 0) pieces.push(result.value);
      gathered += bytes;
      if (result.done || gathered === length) return { isWhole: true, bytes: joined(pieces, gathered) };
    } catch {
      return { isWhole: false, start: { pieces, reader, pending: read } };
    }
  }
  return { isWhole: false, start: { pieces, reader, pending: null } };
}

/**
 * Writes the gathered start of a body; false when that was all of it, and the writable is closed. Until then `signal`
 * aborts both sides.
 */
export async function writeStart(
  { pieces, reader, pending }: BodyStart,
  writable: WritableStream,
  signal: AbortSignal,
): Promise<boolean> {
  const writer = writable.getWriter();
  const abort = (reason: unknown) => {
    void writer.abort(reason).catch(() => {});
    void reader.cancel(reason).catch(() => {});
  };
  const onAbort = () => abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  try {
    for (const piece of pieces) await writer.write(piece);
    const next = await pending?.catch(afterWhatHasArrived);
    if (next?.done) {
      await writer.close();
      return false;
    }
    if (next) await writer.write(next.value);
  } catch (error) {
    abort(error);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  reader.releaseLock();
  writer.releaseLock();
  return true;
}

/** Rethrows when headers and pieces have had time to leave: the platform drops unsent bytes of a body that fails. */
async function afterWhatHasArrived(error: unknown): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, BREAK_DELAY_MS));
  throw error;
}

function joined(pieces: readonly Uint8Array<ArrayBuffer>[], bytes: number): Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}

/** A time limit for several reads together. */
class Pause {
  #over: Promise<null> | null = null;
  #cancel: () => void = () => {};

  /** Null when the time is over before the read is. */
  unlessOver<T>(read: Promise<T>): Promise<T | null> {
    this.#over ??= new Promise((resolve) => {
      let timer = setTimeout(() => {
        timer = setTimeout(() => resolve(null), ARRIVED_MAX_MS);
      }, GATHERING_MAX_MS - ARRIVED_MAX_MS);
      this.#cancel = () => clearTimeout(timer);
    });
    return Promise.race([read, this.#over]);
  }

  clear(): void {
    this.#cancel();
  }
}
