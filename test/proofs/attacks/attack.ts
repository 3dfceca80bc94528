/**
 * An attack as data: the bytes that are sent, the incident they are taken from, and all that may come of them.
 *
 * Any text of an attack may hold `{name}`, which stands for what a stage has under that name: `{full}` is the text of
 * a key, `{elsewhere}` the address of a host that nobody may contact. See stage.ts.
 */
import type { Header } from "../../support/raw-http.ts";

/** The keys that attackers hold, by what they may do. */
export const KEYS = {
  full: { mode: "live" },
  posts: { mode: "live", permissions: ["posts:read"] },
  presets: { mode: "live", permissions: ["presets:read", "presets:write"] },
  test: { mode: "test" },
  testPosts: { mode: "test", permissions: ["posts:read"] },
} as const;

/** `limited`: a key with the limits of LIMITED_TIER, made for the one attack that uses it. */
export type KeyName = keyof typeof KEYS | "limited";

export const LIMITED_TIER = { requests_per_minute: 3, publish_per_hour: 1 };

/** What must not reach an origin in a header's value, whatever the header is called. */
export const FORGED = "forged";

export interface Attack {
  /** What is tried, and what comes of it. Names an attack across all classes. */
  readonly name: string;
  /** Where it has worked, or the text that names it: CVE, advisory, report or RFC. */
  readonly incident: string;
  /** Whose key is in `Authorization`; null: there is no such header. Default: `full`. */
  readonly key?: KeyName | null;
  readonly method?: string;
  readonly target?: string;
  /** null: no `Host` at all. */
  readonly host?: string | null;
  readonly headers?: readonly Header[];
  readonly body?: string;
  /** All bytes of the connection, instead of a request put together from the above. */
  readonly bytes?: string;
  /** How many connections do this at the same time; what comes back is then in the order of the statuses. */
  readonly connections?: number;
  /** Which of the stage's gateways is attacked: the second one has a `CONTROL_HOST`. */
  readonly gateway?: 0 | 1;
  /** Headers that the origin sends back, when the attack comes from there. */
  readonly originAnswers?: readonly Header[];
  /** With which status; default: 200. */
  readonly originStatus?: number;
  readonly outcome: Outcome;
}

export interface Outcome {
  /** Of every response on the connection, in order. */
  readonly statuses: readonly number[];
  /** The error code of the last response, if the gateway itself wrote it. */
  readonly code?: string;
  /** Every request that the origins got, as method and target. Neither gets any other. */
  readonly live?: readonly string[];
  readonly sandbox?: readonly string[];
  /** Headers of the last response; null: it has none of that name. */
  readonly answered?: Readonly<Record<string, string | null>>;
  /** Headers of the one request that an origin got; null: it has none of that name. */
  readonly seen?: Readonly<Record<string, string | null>>;
}

/** The gateway says no, and no origin hears of it. */
export function refused(status: number, code: string, answered: Outcome["answered"] = {}): Outcome {
  return { statuses: [status], code, answered };
}

export const UNAUTHORIZED = refused(401, "unauthorized");
export const FORBIDDEN = refused(403, "forbidden");
export const MALFORMED = refused(400, "bad_request");
export const NOT_FOUND = refused(404, "not_found");

/** The platform's HTTP server says no, in its own words, before the gateway is asked. */
export const NOT_HTTP: Outcome = { statuses: [400] };

/** It is an ordinary request, and the live origin gets no more than that. */
export function harmless(request: string, seen: Outcome["seen"] = {}): Outcome {
  return { statuses: [200], live: [request], seen };
}
