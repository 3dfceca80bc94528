/** What is asked of whom: each scenario with its contestants, and the requests that they get. */
import type { Load } from "./load.ts";

export type Contestant = "bare" | "gateway" | "usual" | "refusing";

export interface Scenario {
  readonly name: string;
  readonly contestants: readonly Contestant[];
  readonly connections: number;
  readonly expectedStatus: number;
  /** With the quiet scenario: what is sent a second is this share of what bare manages with a warm key. */
  readonly shareOfCapacity?: number;
  /** Where answers are so few that a round of the usual length would count hardly any. */
  readonly roundsLongerBy?: number;
  /** Answers with another status that are as they should be, in each round. */
  readonly othersMax?: number;
  readonly requests: (keys: Keys) => string[];
}

export interface Keys {
  readonly one: string;
  readonly thousand: readonly string[];
  readonly revoked: string;
  readonly limited: string;
}

const JUNK_KEYS = 1000;
const BODY = JSON.stringify({ text: "x".repeat(10_240 - 11) });

const WARM = {
  contestants: ["bare", "gateway", "usual"],
  connections: 16,
  expectedStatus: 200,
  requests: ({ one }: Keys) => [get(one)],
} as const;

export const WARM_GET = "warm key, GET of 1 KiB";
export const QUIET = "warm key, a quarter of bare's capacity";
export const JUNK = "junk keys";

export const SCENARIOS: readonly Scenario[] = [
  { ...WARM, name: WARM_GET },
  { ...WARM, name: QUIET, contestants: ["bare", "gateway"], shareOfCapacity: 0.25 },
  { ...WARM, name: "warm key, POST of 10 KiB", requests: ({ one }) => [post(one)] },
  {
    ...WARM,
    name: "1,000 keys in turn",
    contestants: ["bare", "gateway"],
    requests: ({ thousand }) => thousand.map((key) => get(key)),
  },
  {
    ...WARM,
    name: "download of 20 MB",
    contestants: ["bare", "gateway"],
    connections: 2,
    roundsLongerBy: 3,
    requests: ({ one }) => [get(one, "/v1/posts/big")],
  },
  {
    ...refusal(JUNK, 401),
    requests: () => Array.from({ length: JUNK_KEYS }, (_, index) => get(junkKey(index))),
  },
  { ...refusal("revoked key", 401), requests: ({ revoked }) => [get(revoked)] },
  // One request a minute is admitted.
  { ...refusal("rate limit used up", 429), othersMax: 1, requests: ({ limited }) => [get(limited)] },
];

/** What the Worker that only refuses is asked for costs it the same, whatever the key. */
function refusal(name: string, status: number) {
  return { name, contestants: ["refusing", "gateway"] as const, connections: 16, expectedStatus: status };
}

export function loadOf(
  scenario: Scenario,
  contestant: Contestant,
  keys: Keys,
  port: number,
): Omit<Load, "durationMs"> {
  const expectedStatus = contestant === "refusing" ? 401 : scenario.expectedStatus;
  return { port, requests: scenario.requests(keys), connections: scenario.connections, expectedStatus };
}

function get(key: string, path = "/v1/posts?limit=20"): string {
  return `GET ${path} HTTP/1.1\r\n${headers(key)}\r\n`;
}

function post(key: string): string {
  const head = `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n`;
  return `POST /v1/posts HTTP/1.1\r\n${headers(key)}${head}\r\n${BODY}`;
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
function junkKey(index: number): string {
  return `oct_live_${String(index).padStart(36, "0")}`;
}
