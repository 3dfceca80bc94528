/** The prepared answers of the benchmark's origin, by the name in the request's path. Pure. */
import { gzipSync } from "node:zlib";

export const BIG_BODY_BYTES = 20_000_000;
const SMALL_BODY_BYTES = 1024;
const MEDIUM_BODY_BYTES = 20_480;

const SMALL = Buffer.from(jsonOf(SMALL_BODY_BYTES));
const MEDIUM = Buffer.from(jsonOf(MEDIUM_BODY_BYTES));

const JSON_TYPE = "Content-Type: application/json";
const ETAG = 'ETag: "33a64df551425fcc"';

/** What an origin of ordinary frameworks sends beside the length and the type. */
const ORDINARY_HEADERS = [
  "Date: Sun, 01 Nov 2026 12:00:00 GMT",
  "Server: nginx",
  "Vary: Accept-Encoding",
  ETAG,
  "X-Content-Type-Options: nosniff",
  "Content-Language: en",
];

/** The answer to any other path. */
export const SMALL_ANSWER = withLength([JSON_TYPE], SMALL);

/** `/v1/posts/NAME` */
export const ANSWERS: Readonly<Record<string, Buffer>> = {
  big: withLength(
    ["Content-Type: application/octet-stream"],
    Buffer.alloc(BIG_BODY_BYTES, "0123456789abcdef"),
  ),
  chunked: inChunks([JSON_TYPE], SMALL),
  gzip: inChunks([JSON_TYPE, "Content-Encoding: gzip", "Vary: Accept-Encoding"], gzipSync(SMALL)),
  headers: withLength([JSON_TYPE, ...ORDINARY_HEADERS], SMALL),
  medium: withLength([JSON_TYPE], MEDIUM),
  unchanged: message("304 Not Modified", [ETAG], ""),
};

/** Posts as the API lists them, in exactly that many bytes. */
function jsonOf(bytes: number): string {
  const posts: object[] = [];
  const text = (padding: string) => JSON.stringify({ posts, next_cursor: padding });
  const post = (index: number) => ({
    id: `post_${1000 + index * 37}`,
    text: `Release ${index}: ${index % 2 === 0 ? "scheduled for the launch" : "a draft that waits for review"}`,
    platforms: index % 3 === 0 ? ["bluesky", "mastodon"] : ["linkedin"],
    status: index % 2 === 0 ? "scheduled" : "draft",
  });
  for (let index = 0; text("").length + JSON.stringify(post(index)).length + 1 <= bytes; index++) {
    posts.push(post(index));
  }
  return text("x".repeat(bytes - text("").length));
}

function withLength(headers: readonly string[], body: Buffer): Buffer {
  return message("200 OK", [...headers, `Content-Length: ${body.length}`], body);
}

/** In one chunk and one packet, as most frameworks write a small body. */
function inChunks(headers: readonly string[], body: Buffer): Buffer {
  const chunk = Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from("\r\n0\r\n\r\n"),
  ]);
  return message("200 OK", [...headers, "Transfer-Encoding: chunked"], chunk);
}

function message(status: string, headers: readonly string[], body: Buffer | string): Buffer {
  const head = [`HTTP/1.1 ${status}`, ...headers, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}
