/**
 * Everything `wrangler.toml` must supply, checked once per isolate, at the door.
 *
 * Guarantees that the rest of the Worker sees complete and well-formed settings or is never reached:
 * one setting missing or malformed, and nothing is served. It does not reach for the network.
 */
import * as v from "valibot";
import { type AssertionKeys, assertionKeys } from "./assertion-keys.ts";
import type { Env } from "./env.ts";
import { forwardHeaders } from "./forward-headers.ts";
import { TIER_NAMES } from "./rate-limits.ts";

export type { AssertionKeys };

const text = v.pipe(v.string(), v.nonEmpty());
const secret = v.pipe(v.string(), v.minLength(16));
/** What fits behind `Bearer `: printable, without a space. */
const token = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{16,}$/));

/** A var may arrive as a number (`wrangler.toml`) or as its digits (`--var`). */
function wholeNumber(least: number, most: number) {
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number))]),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
  );
}

/** A share from 0 to 1. */
const fraction = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^[01](?:\.\d+)?$/), v.transform(Number))]),
  v.minValue(0),
  v.maxValue(1),
);

/** An origin and nothing else: no path, query or credentials; plain http on loopback alone. */
const origin = v.pipe(
  text,
  v.check((value) => {
    const url = URL.parse(value);
    if (url?.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
    // A name with a dot at its end is the same host under another name.
    if (url.hostname.endsWith(".")) return false;
    return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  }),
  v.transform((value) => new URL(value).origin),
);

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

const host = v.pipe(text, v.regex(/^[a-z0-9.-]+(?::\d+)?$/));

/** Hosts, separated by spaces or commas. */
const hosts = v.pipe(
  text,
  v.transform((value) => value.split(/[\s,]+/).filter((one) => one !== "")),
  v.array(host),
);

/** An optional text setting may be absent or empty; both mean "none". */
function optional<Schema extends v.GenericSchema<string, unknown> | ReturnType<typeof wholeNumber>>(
  schema: Schema,
) {
  const none = v.pipe(
    v.literal(""),
    v.transform(() => null),
  );
  return v.optional(v.union([none, schema]), "");
}

const has = (method: string) =>
  v.custom<object>((value) => typeof (value as Record<string, unknown> | undefined)?.[method] === "function");

/** A shorter lease ends before a distant ledger's answer arrives. */
const LEASE_LEAST_MS = 100;
const LEASE_MOST_MS = 60_000;

/** For a step of the clock that goes unnoticed and timers that fire late; drift comes on top. */
const MARGIN_LEAST_MS = 50;

/** `LEASE_MAX_MS`, if it is not set and the margin covers as much. */
const LEASE_MAX_DEFAULT_MS = 5000;

/** The longest lease for which the margin covers two clocks that each run 1 % off. */
function coveredMs(marginMs: number): number {
  return (marginMs - MARGIN_LEAST_MS) * 50;
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
    LEASE_MS: wholeNumber(LEASE_LEAST_MS, LEASE_MOST_MS),
    LEASE_MAX_MS: optional(wholeNumber(LEASE_LEAST_MS, LEASE_MOST_MS)),
    LEASE_MARGIN_MS: wholeNumber(MARGIN_LEAST_MS, 10_000),
    LEDGER_TIMEOUT_MS: wholeNumber(1, 60_000),
    ORIGIN_TIMEOUT_MS: wholeNumber(1, 600_000),
    FORWARD_HEADERS: optional(forwardHeaders),
    DEFAULT_TIER: optional(v.picklist(TIER_NAMES)),
    CONTROL_HOST: optional(host),
    PUBLIC_ORIGIN: origin,
    PORTAL_RETURN_HOSTS: optional(hosts),
    LEGACY_KEYS: optional(v.literal("accept")),
    KEY_PEPPER: secret,
    KEY_PEPPER_PREVIOUS: optional(secret),
    CONTROL_TOKEN: token,
    CONTROL_TOKEN_PREVIOUS: optional(token),
    ASSERTION_KEY: assertionKeys,
    METRICS: v.picklist(["on", "off"]),
    USAGE: v.optional(has("writeDataPoint")),
    LOG_SAMPLE_RATE: fraction,
    SERVER_TIMING: optional(v.literal("on")),
  }),
  // Metrics that silently go nowhere would be missed too late.
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
  // A test key must never reach live data, so the two origins cannot be one.
  v.forward(
    v.check(({ LIVE_ORIGIN, SANDBOX_ORIGIN }) => LIVE_ORIGIN !== SANDBOX_ORIGIN),
    ["SANDBOX_ORIGIN"],
  ),
);

/** A secret that can be exchanged: what is used now, and what is still good. */
export type CurrentFirst = readonly [current: string, ...previous: string[]];

/** The checked settings. Times are milliseconds; origins are `scheme://host[:port]`. */
export interface Settings {
  readonly liveOrigin: string;
  /** null: there is no sandbox, and every endpoint is live-only. */
  readonly sandboxOrigin: string | null;
  readonly leaseMs: number;
  /** The longest lease, for an account that requests very many. */
  readonly leaseMaxMs: number;
  readonly leaseMarginMs: number;
  readonly ledgerTimeoutMs: number;
  readonly originTimeoutMs: number;
  /** Lower-case names forwarded beyond the built-in list. */
  readonly forwardHeaders: readonly string[];
  /** null: every host answers the control plane and the key page. */
  readonly controlHost: string | null;
  /** The tier of an account that was given none. */
  readonly defaultTier: (typeof TIER_NAMES)[number];
  /** Where clients reach the API, for links and commands that people are given. */
  readonly publicOrigin: string;
  /** Where the key page may lead back to: `host[:port]`. */
  readonly portalReturnHosts: readonly string[];
  /** Whether keys from before the gateway, which have no check, are looked up. */
  readonly acceptLegacyKeys: boolean;
  /** The current one, with which keys are made, then the one before, if there is one. */
  readonly peppers: CurrentFirst;
  /** Either one is accepted. */
  readonly controlTokens: CurrentFirst;
  readonly assertionKeys: AssertionKeys;
  /** null: metrics are off. */
  readonly usage: AnalyticsEngineDataset | null;
  /** The share of answered requests that get a log line; refused ones all do. */
  readonly logSampleRate: number;
  /** Whether answers say what they took; never in production. */
  readonly serverTiming: boolean;
}

/** The settings, or the name of the first one that is missing or malformed (never its value). */
export function readSettings(env: Env): Settings | { readonly invalidSetting: string } {
  const checked = v.safeParse(schema, env, { abortEarly: true });
  if (!checked.success) {
    return { invalidSetting: v.getDotPath(checked.issues[0]) ?? "environment" };
  }
  const settings = checked.output;
  return {
    liveOrigin: settings.LIVE_ORIGIN,
    sandboxOrigin: settings.SANDBOX_ORIGIN,
    leaseMs: settings.LEASE_MS,
    leaseMaxMs: leaseMaxMs(settings.LEASE_MS, settings.LEASE_MAX_MS, settings.LEASE_MARGIN_MS),
    leaseMarginMs: settings.LEASE_MARGIN_MS,
    ledgerTimeoutMs: settings.LEDGER_TIMEOUT_MS,
    originTimeoutMs: settings.ORIGIN_TIMEOUT_MS,
    forwardHeaders: settings.FORWARD_HEADERS ?? [],
    controlHost: settings.CONTROL_HOST,
    defaultTier: settings.DEFAULT_TIER ?? "free",
    publicOrigin: settings.PUBLIC_ORIGIN,
    portalReturnHosts: settings.PORTAL_RETURN_HOSTS ?? [],
    acceptLegacyKeys: settings.LEGACY_KEYS === "accept",
    peppers: currentFirst(settings.KEY_PEPPER, settings.KEY_PEPPER_PREVIOUS),
    controlTokens: currentFirst(settings.CONTROL_TOKEN, settings.CONTROL_TOKEN_PREVIOUS),
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
