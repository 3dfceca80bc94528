/**
 * The settings of `wrangler.toml`, checked once per isolate before a request is served.
 *
 * Guarantees that the rest of the Worker gets complete and well-formed settings: with one missing or malformed, nothing
 * is served. It does not check that an origin answers.
 */
import * as v from "valibot";
import { type AssertionKeys, assertionKeys } from "./assertion-keys.ts";
import { type ControlCredential, controlCredentials } from "./control-credentials.ts";
import type { Env } from "./env.ts";
import { forwardHeaders } from "./forward-headers.ts";
import { TOKEN_TEXT } from "./http/header-text.ts";
import { isLoopback } from "./http/host.ts";
import { LEDGER_LOCATIONS, type LedgerLocation } from "./ledger-locations.ts";
import { TIER_NAMES } from "./rate-limits.ts";
import type { InvalidSetting } from "./refusals.ts";

export type { AssertionKeys };

const text = v.pipe(v.string(), v.nonEmpty());
const secret = v.pipe(v.string(), v.minLength(16));
const token = v.pipe(v.string(), v.minLength(16), v.regex(TOKEN_TEXT));

/** A var may arrive as a number (`wrangler.toml`) or as its digits (`--var`). */
function wholeNumber(min: number, max: number) {
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number))]),
    v.integer(),
    v.minValue(min),
    v.maxValue(max),
  );
}

/** From 0 to 1. */
const fraction = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^[01](?:\.\d+)?$/), v.transform(Number))]),
  v.minValue(0),
  v.maxValue(1),
);

/** `scheme://host[:port]`, without path, query or credentials; plain http on loopback only. */
const origin = v.pipe(
  text,
  v.check((value) => {
    const url = URL.parse(value);
    if (url?.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
    // With a trailing dot it is the same host under a second name.
    if (url.hostname.endsWith(".")) return false;
    return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  }),
  v.transform((value) => new URL(value).origin),
);

/** `name[:port]`. With a trailing dot it would be the same host under a second name. */
const host = v.pipe(text, v.regex(/^[a-z0-9.-]*[a-z0-9-](?::\d+)?$/), v.check(isParsedUnchanged));

function isParsedUnchanged(host: string): boolean {
  return URL.parse(`http://${host}`)?.host === host && URL.parse(`https://${host}`)?.host === host;
}

/** A page whose fragments are the codes of refusals. */
const docsUrl = v.pipe(
  text,
  v.check((value) => {
    const url = URL.parse(value);
    if (!url || url.hash || url.username || url.password) return false;
    return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  }),
  v.transform((value) => new URL(value).href),
);

/** Hosts, separated by spaces or commas. */
const hosts = v.pipe(
  text,
  v.transform((value) => value.split(/[\s,]+/).filter((one) => one !== "")),
  v.array(host),
);

/** An optional setting may be absent or empty; both are null. */
function optional<Schema extends v.GenericSchema<string, unknown> | ReturnType<typeof wholeNumber>>(
  schema: Schema,
) {
  const empty = v.pipe(
    v.literal(""),
    v.transform(() => null),
  );
  return v.optional(v.union([empty, schema]), "");
}

const has = (method: string) =>
  v.custom<object>((value) => typeof (value as Record<string, unknown> | undefined)?.[method] === "function");

/** A shorter lease would expire before the answer of a distant ledger arrives. */
const LEASE_MIN_MS = 100;
export const LEASE_MAX_LIMIT_MS = 60_000;

/** Covers an undetected step of the clock and late timers; clock drift comes on top. */
const MARGIN_MIN_MS = 50;

/** `LEASE_MAX_MS` where it is not set and the margin covers it. */
const LEASE_MAX_DEFAULT_MS = 5000;

/** The longest lease for which the margin covers two clocks that each run 1 % off. */
function coveredMs(marginMs: number): number {
  return (marginMs - MARGIN_MIN_MS) * 50;
}

/** The longest lease of a busy account. */
function leaseMaxMs(leaseMs: number, maxMs: number | null, marginMs: number): number {
  return maxMs ?? Math.max(leaseMs, Math.min(LEASE_MAX_DEFAULT_MS, coveredMs(marginMs)));
}

const schema = v.pipe(
  v.object({
    API_KEYS: has("get"),
    KEY_LEDGER: has("getByName"),
    FAILED_LOOK_UPS: has("limit"),
    LIVE_ORIGIN: origin,
    SANDBOX_ORIGIN: optional(origin),
    LEASE_MS: wholeNumber(LEASE_MIN_MS, LEASE_MAX_LIMIT_MS),
    LEASE_MAX_MS: optional(wholeNumber(LEASE_MIN_MS, LEASE_MAX_LIMIT_MS)),
    LEASE_MARGIN_MS: wholeNumber(MARGIN_MIN_MS, 10_000),
    LEDGER_TIMEOUT_MS: wholeNumber(1, 60_000),
    ORIGIN_TIMEOUT_MS: wholeNumber(1, 600_000),
    FORWARD_HEADERS: optional(forwardHeaders),
    DEFAULT_TIER: optional(v.picklist(TIER_NAMES)),
    LEDGER_LOCATION: optional(v.picklist(LEDGER_LOCATIONS)),
    CONTROL_HOST: optional(host),
    PUBLIC_ORIGIN: origin,
    DOCS_URL: optional(docsUrl),
    PORTAL_RETURN_HOSTS: optional(hosts),
    LEGACY_KEYS: optional(v.literal("accept")),
    KEY_PEPPER: secret,
    KEY_PEPPER_PREVIOUS: optional(secret),
    CONTROL_TOKEN: token,
    CONTROL_TOKEN_PREVIOUS: optional(token),
    CONTROL_CREDENTIALS: optional(controlCredentials),
    ASSERTION_KEY: assertionKeys,
    METRICS: v.picklist(["on", "off"]),
    USAGE: v.optional(has("writeDataPoint")),
    LOG_SAMPLE_RATE: fraction,
    SERVER_TIMING: optional(v.literal("on")),
  }),
  // Without the dataset, metrics would be lost silently.
  v.forward(
    v.check(({ METRICS, USAGE }) => METRICS === "off" || USAGE !== undefined),
    ["USAGE"],
  ),
  v.forward(
    v.check(({ LEASE_MS, LEASE_MARGIN_MS }) => LEASE_MS <= coveredMs(LEASE_MARGIN_MS)),
    ["LEASE_MARGIN_MS"],
  ),
  v.forward(
    v.check(
      ({ LEASE_MS, LEASE_MAX_MS, LEASE_MARGIN_MS }) =>
        LEASE_MAX_MS === null || (LEASE_MAX_MS >= LEASE_MS && LEASE_MAX_MS <= coveredMs(LEASE_MARGIN_MS)),
    ),
    ["LEASE_MAX_MS"],
  ),
  // A test key must never reach live data.
  v.forward(
    v.check(({ LIVE_ORIGIN, SANDBOX_ORIGIN }) => LIVE_ORIGIN !== SANDBOX_ORIGIN),
    ["SANDBOX_ORIGIN"],
  ),
);

/** A secret that can be rotated: the one in use, then those that are still accepted. */
export type CurrentFirst = readonly [current: string, ...previous: string[]];

/** The checked settings. Times are milliseconds; origins are `scheme://host[:port]`. */
export interface Settings {
  readonly liveOrigin: string;
  /** null: no sandbox; every endpoint is live-only. */
  readonly sandboxOrigin: string | null;
  readonly leaseMs: number;
  /** The longest lease, for an account that requests very many. */
  readonly leaseMaxMs: number;
  readonly leaseMarginMs: number;
  readonly ledgerTimeoutMs: number;
  /** Where new ledgers are created; null: near the first caller. */
  readonly ledgerLocation: LedgerLocation | null;
  readonly originTimeoutMs: number;
  /** Lower-case names forwarded beyond the built-in list. */
  readonly forwardHeaders: readonly string[];
  /** null: the control plane and the key page are served on every host. */
  readonly controlHost: string | null;
  /** The tier of an account without one of its own. */
  readonly defaultTier: (typeof TIER_NAMES)[number];
  /** Where clients reach the API. */
  readonly publicOrigin: string;
  /** null: refusals link to no documentation. */
  readonly docsUrl: string | null;
  /** Hosts that a `return_url` of the key page may name: `host[:port]`. */
  readonly portalReturnHosts: readonly string[];
  /** Whether keys issued before the gateway, which have no checksum, are looked up. */
  readonly acceptLegacyKeys: boolean;
  /** New keys use the first. */
  readonly peppers: CurrentFirst;
  readonly controlTokens: CurrentFirst;
  readonly controlCredentials: readonly ControlCredential[];
  readonly assertionKeys: AssertionKeys;
  /** null: metrics are off. */
  readonly usage: AnalyticsEngineDataset | null;
  /** The share of answered requests with a log line; every refused one has one. */
  readonly logSampleRate: number;
  /** Whether responses carry `Server-Timing`; never in production. */
  readonly serverTiming: boolean;
}

/** The refusal names the first setting that is missing or malformed, never its value. */
export function readSettings(env: Env): Settings | InvalidSetting {
  const checked = v.safeParse(schema, env, { abortEarly: true });
  if (!checked.success) {
    return { reason: "invalid_setting", setting: v.getDotPath(checked.issues[0]) ?? "environment" };
  }
  const settings = checked.output;
  return {
    liveOrigin: settings.LIVE_ORIGIN,
    sandboxOrigin: settings.SANDBOX_ORIGIN,
    leaseMs: settings.LEASE_MS,
    leaseMaxMs: leaseMaxMs(settings.LEASE_MS, settings.LEASE_MAX_MS, settings.LEASE_MARGIN_MS),
    leaseMarginMs: settings.LEASE_MARGIN_MS,
    ledgerTimeoutMs: settings.LEDGER_TIMEOUT_MS,
    ledgerLocation: settings.LEDGER_LOCATION,
    originTimeoutMs: settings.ORIGIN_TIMEOUT_MS,
    forwardHeaders: settings.FORWARD_HEADERS ?? [],
    controlHost: settings.CONTROL_HOST,
    defaultTier: settings.DEFAULT_TIER ?? "free",
    publicOrigin: settings.PUBLIC_ORIGIN,
    docsUrl: settings.DOCS_URL,
    portalReturnHosts: settings.PORTAL_RETURN_HOSTS ?? [],
    acceptLegacyKeys: settings.LEGACY_KEYS === "accept",
    peppers: currentFirst(settings.KEY_PEPPER, settings.KEY_PEPPER_PREVIOUS),
    controlTokens: currentFirst(settings.CONTROL_TOKEN, settings.CONTROL_TOKEN_PREVIOUS),
    controlCredentials: settings.CONTROL_CREDENTIALS ?? [],
    assertionKeys: settings.ASSERTION_KEY,
    usage:
      settings.METRICS === "on" ? ((settings.USAGE as AnalyticsEngineDataset | undefined) ?? null) : null,
    logSampleRate: settings.LOG_SAMPLE_RATE,
    serverTiming: settings.SERVER_TIMING === "on",
  };
}

function currentFirst(current: string, previous: string | null): CurrentFirst {
  return previous === null ? [current] : [current, previous];
}
