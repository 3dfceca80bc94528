// Which responses of an origin are none that HTTP allows, and what the gateway reads of those that are.

import { describe, expect, test } from "vitest";
import { readOriginResponse } from "../../src/gateway/origin-response.ts";
import { PublicAddress } from "../../src/gateway/public-address.ts";

const ADDRESS = new PublicAddress("https://api.octopost.ink", "https://origin.internal:8443");

describe("is no response that HTTP allows", () => {
  test.each<[string, number, Record<string, string>]>([
    ["an informational status at the end", 199, {}],
    ["another protocol", 101, { Upgrade: "websocket" }],
    ["a status above 599", 600, {}],
    ["the highest that fits a status line", 999, {}],
    ["204 that announces content", 204, { "Content-Length": "2" }],
    ["204 in chunks", 204, { "Transfer-Encoding": "chunked" }],
    ["205 that announces content", 205, { "Content-Length": "2" }],
    ["a coding that nobody asked for", 200, { "Transfer-Encoding": "gzip, chunked" }],
    ["an unknown coding", 200, { "Transfer-Encoding": "xchunked" }],
  ])("%s", (_, status, headers) => {
    expect(read(status, headers)).toEqual({ reason: "origin_invalid_response" });
  });
});

describe("is a response all the same", () => {
  test.each<[string, number, Record<string, string>]>([
    ["204 with a length of nothing", 204, { "Content-Length": "0" }],
    ["205 with a length of nothing", 205, { "Content-Length": "00" }],
    ["205 in chunks, which may be none", 205, { "Transfer-Encoding": "chunked" }],
    ["304 with the length of what it does not send", 304, { "Content-Length": "5" }],
    ["an unregistered status", 599, {}],
    ["chunks in capitals", 200, { "Transfer-Encoding": "CHUNKED" }],
    ["a length that chunks overrule", 200, { "Transfer-Encoding": "chunked", "Content-Length": "5" }],
    ["one length, said twice", 200, { "Content-Length": "2, 2" }],
  ])("%s", (_, status, headers) => {
    expect(read(status, headers)).toMatchObject({ dropped: expect.any(Array) });
  });
});

test.each([401, 407, 421, 426])("%i is meant for the gateway, not for its client", (status) => {
  expect(read(status, {})).toEqual({ reason: "origin_refused_gateway" });
});

test.each<[Record<string, string>, number | null]>([
  [{ "Content-Length": "5" }, 5],
  [{ "Content-Length": "0" }, 0],
  [{ "Content-Length": "9007199254740992" }, null],
  [{ "Content-Length": "2, 2" }, null],
  [{ "Content-Length": "5", "Transfer-Encoding": "chunked" }, null],
  [{}, null],
])("%o has the length %o", (headers, length) => {
  expect(read(200, headers)).toMatchObject({ length });
});

test.each([
  ["text/event-stream", true],
  ["Text/Event-Stream; charset=utf-8", true],
  ["application/x-ndjson", true],
  ["application/json-seq", true],
  ["application/json", false],
  ["application/problem+json; profile=text/event-stream", false],
  ["text/event-streams", false],
  ["", false],
])("%s is a stream: %o", (type, isStream) => {
  expect(read(200, { "Content-Type": type })).toMatchObject({ isStream });
});

/** A `Response` cannot be made with every status that a `fetch` may bring. */
function read(status: number, headers: Record<string, string>) {
  const response = Object.defineProperty(new Response(null, { headers }), "status", { value: status });
  return readOriginResponse(response, ADDRESS);
}
