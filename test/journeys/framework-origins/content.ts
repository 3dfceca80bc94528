/**
 * What the framework origins serve, and the parts of HTTP that a framework leaves to its user: byte ranges and
 * validators, as a plain Node server would do them.
 */
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";

export const POSTS = {
  posts: Array.from({ length: 20 }, (_, index) => ({ id: `post_${index}`, text: `Grüezi, post ${index} ✓` })),
};
export const POSTS_JSON = Buffer.from(JSON.stringify(POSTS));
export const POSTS_GZIP = gzipSync(POSTS_JSON);
export const ETAG = '"posts-1"';
export const LAST_MODIFIED = "Sun, 01 Nov 2026 12:00:00 GMT";
/** Larger than what the gateway gathers. */
export const LARGE = Buffer.alloc(200_000, "large answer, ");
export const FILE = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
/** Latin-1 bytes, as real origins send them for a file's name (RFC 9110 §5.5). */
export const DISPOSITION = 'attachment; filename="r\xe9sum\xe9.pdf"';
export const COOKIES = ["a=1; Path=/; HttpOnly", "b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Path=/v1"];
export const EVENTS = ["data: one\n\n", "data: two\n\n", "event: end\ndata: three\n\n"];
export const PIECES = ['{"posts":[', '{"id":"post_1"}', "]}"];
export const BETWEEN_PIECES_MS = 5;

export interface Part {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const VALIDATORS = { ETag: ETAG, "Last-Modified": LAST_MODIFIED, "Accept-Ranges": "bytes" };
const BOUNDARY = "part-boundary";

/** FILE as RFC 9110 §13 and §14 answer it. */
export function fileFor(headers: IncomingHttpHeaders): Part {
  const none = headers["if-none-match"];
  if (none?.includes(ETAG) || (!none && headers["if-modified-since"] === LAST_MODIFIED)) {
    return { status: 304, headers: VALIDATORS, body: null };
  }
  const whole: Part = {
    status: 200,
    headers: { ...VALIDATORS, "Content-Type": "application/octet-stream" },
    body: FILE,
  };
  const ifRange = headers["if-range"];
  if (ifRange !== undefined && ifRange !== ETAG && ifRange !== LAST_MODIFIED) return whole;
  const wanted = /^bytes=(.+)$/.exec(headers.range ?? "")?.[1];
  if (wanted === undefined) return whole;
  const ranges = wanted.split(",").map(toRange);
  const good = ranges.filter((range) => range !== null);
  const [only] = good;
  if (only === undefined) {
    return { status: 416, headers: { ...VALIDATORS, "Content-Range": `bytes */${FILE.length}` }, body: null };
  }
  if (ranges.length === 1) {
    return {
      status: 206,
      headers: { ...whole.headers, "Content-Range": contentRange(only) },
      body: FILE.subarray(only.start, only.end + 1),
    };
  }
  return {
    status: 206,
    headers: { ...VALIDATORS, "Content-Type": `multipart/byteranges; boundary=${BOUNDARY}` },
    body: Buffer.concat([
      ...good.flatMap((range) => [
        Buffer.from(`--${BOUNDARY}\r\nContent-Range: ${contentRange(range)}\r\n\r\n`),
        FILE.subarray(range.start, range.end + 1),
        Buffer.from("\r\n"),
      ]),
      Buffer.from(`--${BOUNDARY}--\r\n`),
    ]),
  };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function toRange(text: string): Range | null {
  const [, first = "", last = ""] = /^\s*(\d*)-(\d*)\s*$/.exec(text) ?? [];
  const start = first === "" ? FILE.length - Number(last) : Number(first);
  const end = first === "" || last === "" ? FILE.length - 1 : Math.min(Number(last), FILE.length - 1);
  return (first === "" && last === "") || start > end ? null : { start, end };
}

function contentRange({ start, end }: Range): string {
  return `bytes ${start}-${end}/${FILE.length}`;
}
