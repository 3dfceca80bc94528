/** The scenarios under steady load: each with its contestants and their requests. Pure. */
import type { Load } from "./load.ts";
import { BIG_BODY_BYTES } from "./origin-answers.ts";

export interface Scenario {
  readonly name: string;
  /** The first is the baseline for all others. */
  readonly contestants: readonly string[];
  readonly connections: number;
  readonly expectedStatus: number;
  /** The rate is a share of the throughput in scenario `of`: that of `by`, or of the slowest. */
  readonly paced?: { readonly share: number; readonly of: string; readonly by?: string };
  /** A round is this number of answers instead of a time: where an answer takes long, or memory is measured. */
  readonly answers?: number;
  readonly roundsMax?: number;
  /** Bytes of a body after each request. */
  readonly bodyBytes?: number;
  /** Answers per round with another status that are expected. */
  readonly othersMax?: number;
  readonly requests: (keys: Keys) => string[];
}

export interface Keys {
  readonly one: string;
  /** Of an account without rate limits. */
  readonly unlimited: string;
  readonly thousand: readonly string[];
  readonly revoked: string;
  readonly limited: string;
}

const JUNK_KEYS = 1000;
const POST_BYTES = 10_240;
const BIG_AT_ONCE = 50;
const BIG_IN_A_ROUND = 100;

const WARM = {
  contestants: ["bare", "gateway", "usual"],
  connections: 16,
  expectedStatus: 200,
  requests: ({ one }: Keys) => [get(one)],
} as const;

export const WARM_GET = "warm key, GET of 1 KiB";
export const CHUNKED = "warm key, GET in chunks";
export const GZIP = "warm key, GET of gzip in chunks";
export const EIGHT_HEADERS = "warm key, GET with 8 headers";
/** The gateway, with a key without rate limits. */
export const WITHOUT_LIMITS = "gateway without limits";
export const QUIET = "warm key, a quarter of bare's capacity";
export const JUNK = "junk keys";
export const REVOKED = "revoked key";
export const LIMIT_USED_UP = "rate limit used up";
export const DOWNLOAD = "50 downloads of 20 MB at once";
export const UPLOAD = "50 uploads of 20 MB at once";
export const OUTSIDE = "outside Workers, as much as comes through";
export const OUTSIDE_QUIET = "outside Workers, the same quiet load for all";

const BIG = {
  ...WARM,
  contestants: ["bare", "gateway"],
  connections: BIG_AT_ONCE,
  answers: BIG_IN_A_ROUND,
  roundsMax: 7,
} as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...WARM, name: WARM_GET, contestants: ["bare", "floor", "gateway", WITHOUT_LIMITS, "usual"] },
  answerOf(CHUNKED, "chunked"),
  answerOf(GZIP, "gzip"),
  answerOf(EIGHT_HEADERS, "headers"),
  answerOf("warm key, GET of 20 KiB", "medium"),
  {
    ...answerOf("warm key, conditional GET", "unchanged"),
    expectedStatus: 304,
    requests: ({ one }) => [conditional(get(one, "/v1/posts/unchanged"))],
  },
  {
    ...WARM,
    name: QUIET,
    contestants: ["bare", "gateway"],
    paced: { share: 0.25, of: WARM_GET, by: "bare" },
  },
  {
    ...WARM,
    name: "warm key, POST of 10 KiB",
    bodyBytes: POST_BYTES,
    requests: ({ one }) => [post(one, POST_BYTES)],
  },
  {
    ...WARM,
    name: "1,000 keys in turn",
    contestants: ["bare", "gateway"],
    requests: ({ thousand }) => thousand.map((key) => get(key)),
  },
  { ...BIG, name: DOWNLOAD, requests: ({ one }) => [get(one, "/v1/posts/big")] },
  { ...BIG, name: UPLOAD, bodyBytes: BIG_BODY_BYTES, requests: ({ one }) => [post(one, BIG_BODY_BYTES)] },
  {
    ...refusal(JUNK, 401),
    requests: () => Array.from({ length: JUNK_KEYS }, (_, index) => get(junkKey(index))),
  },
  { ...refusal(REVOKED, 401), requests: ({ revoked }) => [get(revoked)] },
  // One request per minute is admitted.
  { ...refusal(LIMIT_USED_UP, 429), othersMax: 1, requests: ({ limited }) => [get(limited)] },
];

/** A GET that the origin answers in its own way: origin-answers.ts. */
function answerOf(name: string, answer: string): Scenario {
  const contestants = ["bare", "floor", "gateway"];
  return { ...WARM, name, contestants, requests: ({ one }) => [get(one, `/v1/posts/${answer}`)] };
}

/** The gateway among servers outside Workers: `contestants` includes each one's own baseline. */
export function outsideScenarios(contestants: readonly string[]): readonly Scenario[] {
  return [
    { ...WARM, name: OUTSIDE, contestants },
    { ...WARM, name: OUTSIDE_QUIET, contestants, paced: { share: 0.25, of: OUTSIDE } },
  ];
}

/** The Worker that only refuses does the same work for any key. */
function refusal(name: string, status: number) {
  return { name, contestants: ["refusing", "gateway"], connections: 16, expectedStatus: status } as const;
}

export function loadOf(
  scenario: Scenario,
  contestant: string,
  keys: Keys,
  port: number,
): Omit<Load, "durationMs"> {
  const { connections, bodyBytes = 0 } = scenario;
  const expectedStatus = contestant === "refusing" ? 401 : scenario.expectedStatus;
  const requests = scenario.requests(contestant === WITHOUT_LIMITS ? { ...keys, one: keys.unlimited } : keys);
  return { ports: [port], requests, connections, bodyBytes, expectedStatus };
}

export function get(key: string, path = "/v1/posts?limit=20"): string {
  return `GET ${path} HTTP/1.1\r\n${headers(key)}\r\n`;
}

/** Of a client that has the answer already. */
export function conditional(request: string): string {
  return request.replace(/\r\n$/, 'If-None-Match: "33a64df551425fcc"\r\n\r\n');
}

/** A body of that many bytes follows. */
function post(key: string, bodyBytes: number): string {
  const head = `Content-Type: application/json\r\nContent-Length: ${bodyBytes}\r\n`;
  return `POST /v1/posts HTTP/1.1\r\n${headers(key)}${head}\r\n`;
}

function headers(key: string): string {
  return [
    "Host: api.octopost.ink",
    `Authorization: Bearer ${key}`,
    "Accept: application/json",
    "Accept-Encoding: gzip",
    "User-Agent: octopost-bench",
    "",
  ].join("\r\n");
}

/** The right shape with a wrong check. */
export function junkKey(index: number): string {
  return `oct_live_${String(index).padStart(36, "0")}`;
}
