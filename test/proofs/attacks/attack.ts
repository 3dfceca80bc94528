/**
 * An attack as data: the bytes to send, the incident they come from, and the complete expected outcome.
 *
 * A `{name}` in any text is replaced by a value of the runner: `{full}` is the text of a key, `{decoy}` the address of a
 * host that must never be contacted. See attack-runner.ts.
 */
import type { Header } from "../../support/raw-http.ts";
import type { ReceiverAnswer } from "./event-receiver.ts";

/** The keys that attackers have, by permissions. */
export const KEYS = {
  full: { mode: "live" },
  posts: { mode: "live", permissions: ["posts:read"] },
  presets: { mode: "live", permissions: ["presets:read", "presets:write"] },
  /** From two networks only. */
  addressed: { mode: "live", allowed_ips: ["203.0.113.0/24", "2001:db8::/32"] },
  suspended: { mode: "live" },
  /** Forged alerts are about it. */
  victim: { mode: "live" },
  test: { mode: "test" },
  testPosts: { mode: "test", permissions: ["posts:read"] },
} as const;

/** `limited`: a key with the limits of LIMITED_TIER, created for each attack that uses it. */
export type KeyName = keyof typeof KEYS | "limited";

export const LIMITED_TIER = { requests_per_minute: 3, publish_per_hour: 1 };

/** Must not reach an origin in any header value. */
export const FORGED = "forged";

export interface Attack {
  /** What is tried and how it ends. Unique across all classes. */
  readonly name: string;
  /** Where it has succeeded, or the text that forbids it: CVE, advisory, report or RFC. */
  readonly incident: string;
  /** The key in `Authorization`; null: no such header. Default: `full`. */
  readonly key?: KeyName | null;
  readonly method?: string;
  readonly target?: string;
  /** null: no `Host` header. */
  readonly host?: string | null;
  readonly headers?: readonly Header[];
  readonly body?: string;
  /** The complete bytes of the connection, instead of a request built from the fields above. */
  readonly bytes?: string;
  /** Number of concurrent connections; their responses are then ordered by status. */
  readonly connections?: number;
  /** The gateway that is attacked: the second one has a `CONTROL_HOST`. */
  readonly gateway?: 0 | 1;
  /** Sent as over HTTPS: on a public host, the control plane refuses plain HTTP before it looks at the host. */
  readonly https?: true;
  /** Response headers of the origin, for attacks from there. */
  readonly originHeaders?: readonly Header[];
  /** The origin's status; default: 200. */
  readonly originStatus?: number;
  /** How the receiver of events answers; the last answer repeats. The events are of an account of its own, `{account}`. */
  readonly receiver?: readonly ReceiverAnswer[];
  /** `EVENTS_URL` of the account's ledger; default: the receiver's. */
  readonly eventsUrl?: string;
  /** A receiver must not believe the message with these headers, or this `body`. */
  readonly altered?: Readonly<Record<string, string>>;
  /** Takes as long as an attempt to send an event may. */
  readonly isSlow?: true;
  readonly outcome: Outcome;
}

export interface Outcome {
  /** Of all responses on the connection, in order. */
  readonly statuses: readonly number[];
  /** Error code of the last response, if the gateway wrote it. */
  readonly code?: string;
  /** Every request that the origins received, as method and target. Neither receives any other. */
  readonly live?: readonly string[];
  readonly sandbox?: readonly string[];
  /** The gateway reads no KV entry and calls no ledger. */
  readonly storeCalls?: 0;
  readonly deliveries?: DeliveryOutcome;
  /** Headers of the last response; null: absent. */
  readonly responseHeaders?: Readonly<Record<string, string | null>>;
  /** Headers of the one request that an origin received; null: absent. */
  readonly forwardedHeaders?: Readonly<Record<string, string | null>>;
}

export interface DeliveryOutcome {
  /** The types of the messages that the receiver got. */
  readonly messages: readonly string[];
  /** Of each failed attempt in the log: the status that the receiver answered, or why it did not answer. */
  readonly failures: readonly (number | "timeout" | "unreachable")[];
  /** Events that will be sent again. */
  readonly unsent: number;
}

export const NO_EVENT: DeliveryOutcome = { messages: [], failures: [], unsent: 0 };

/** The gateway refuses the request, and no origin receives it. */
export function refused(
  status: number,
  code: string,
  responseHeaders: Outcome["responseHeaders"] = {},
): Outcome {
  return { statuses: [status], code, responseHeaders };
}

export const UNAUTHORIZED = refused(401, "unauthorized");
export const FORBIDDEN = refused(403, "forbidden");
export const MALFORMED = refused(400, "bad_request");
export const NOT_FOUND = refused(404, "not_found");

/** The platform's HTTP server refuses the request before the gateway runs. */
export const NOT_HTTP: Outcome = { statuses: [400] };

/** An ordinary request: the live origin receives it and nothing else. */
export function harmless(request: string, forwardedHeaders: Outcome["forwardedHeaders"] = {}): Outcome {
  return { statuses: [200], live: [request], forwardedHeaders };
}
