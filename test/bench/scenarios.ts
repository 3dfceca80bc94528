/** What is asked of whom under a steady load: each scenario with its contestants, and the requests that they get. Pure. */
import type { Load } from "./load.ts";
import { BIG_BODY_BYTES } from "./origin.ts";

export interface Scenario {
  readonly name: string;
  /** The first is the limit: all others are compared with it. */
  readonly contestants: readonly string[];
  readonly connections: number;
  readonly expectedStatus: number;
  /** What is sent a second is a share of what comes through in the scenario `of`: with `by`, or with the slowest. */
  readonly paced?: { readonly share: number; readonly of: string; readonly by?: string };
  /** Each round is that many answers, and not a time: where an answer takes long, or memory is watched. */
  readonly answers?: number;
  readonly roundsMax?: number;
  /** Bytes of a body after each request. */
  readonly bodyBytes?: number;
  /** Answers with another status that are as they should be, in each round. */
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
/** The gateway, with a key that has no rate limits. */
export const WITHOUT_LIMITS = "gateway without limits";
export const QUIET = "warm key, a quarter of bare's capacity";
export const JUNK = "junk keys";
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
  { ...refusal("revoked key", 401), requests: ({ revoked }) => [get(revoked)] },
  // One request a minute is admitted.
  { ...refusal("rate limit used up", 429), othersMax: 1, requests: ({ limited }) => [get(limited)] },
];

/** The gateway among servers that are no Workers: `contestants` has each one's own limit too. */
export function outsideScenarios(contestants: readonly string[]): readonly Scenario[] {
  return [
    { ...WARM, name: OUTSIDE, contestants },
    { ...WARM, name: OUTSIDE_QUIET, contestants, paced: { share: 0.25, of: OUTSIDE } },
  ];
}

/** What the Worker that only refuses is asked for costs it the same, whatever the key. */
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

/** The body of so many bytes is to follow. */
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

/** Of the right shape, with a check that is wrong. */
export function junkKey(index: number): string {
  return `oct_live_${String(index).padStart(36, "0")}`;
}
