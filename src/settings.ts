/**
 * The settings: the Worker's variables, secrets and bindings, checked once per isolate before a request is served.
 *
 * Guarantees that the rest of the Worker gets complete and well-formed settings: with one missing or malformed, nothing
 * is served. It does not check that an origin answers.
 */
import * as v from "valibot";
import { type AssertionKeys, assertionKeys } from "./assertion-keys.ts";
import { type ControlCredential, controlCredentials } from "./control-credentials.ts";
import type { Env } from "./env.ts";
import { forwardHeaders } from "./forward-headers.ts";
import { LEDGER_LOCATIONS, type LedgerLocation } from "./ledger-locations.ts";
import { TIER_NAMES } from "./rate-limits.ts";
import type { InvalidSetting } from "./refusals.ts";
import {
  address,
  fraction,
  has,
  host,
  hosts,
  optional,
  origin,
  secret,
  token,
  wholeNumber,
} from "./setting-formats.ts";
import { eventsSecret, type WebhookSettings, webhookSettings } from "./webhook-settings.ts";

export type { AssertionKeys };

/** A shorter lease would expire before the answer of a distant ledger arrives. */
const LEASE_MIN_MS = 100;
export const LEASE_MAX_LIMIT_MS = 60_000;

/** The part of the margin that covers an undetected clock step and late timers; the rest covers clock drift. */
const MARGIN_MIN_MS = 50;

/** `LEASE_MAX_MS` if it is not set; less if the margin covers less. */
const LEASE_MAX_DEFAULT_MS = 5000;

/** The longest lease for which the margin covers two clocks that each run 1 % off. */
function coveredMs(marginMs: number): number {
  return (marginMs - MARGIN_MIN_MS) * 50;
}

/** `LEASE_MAX_MS`, or its default. */
function leaseMaxMs(leaseMs: number, maxMs: number | null, marginMs: number): number {
  return maxMs ?? Math.max(leaseMs, Math.min(LEASE_MAX_DEFAULT_MS, coveredMs(marginMs)));
}

const GITHUB_KEYS_URL = "https://api.github.com/meta/public_keys/secret_scanning";

/** What happens to a key that was found in public. */
const EXPOSED_KEYS = ["revoke", "suspend", "notify"] as const;

const schema = v.pipe(
  v.object({
    API_KEYS: has("get"),
    KEY_LEDGER: has("getByName"),
    FAILED_LOOKUPS: has("limit"),
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
    DOCS_URL: optional(address),
    PORTAL_RETURN_HOSTS: optional(hosts),
    LEGACY_KEYS: optional(v.literal("accept")),
    KEY_PEPPER: secret,
    KEY_PEPPER_PREVIOUS: optional(secret),
    CONTROL_TOKEN: token,
    CONTROL_TOKEN_PREVIOUS: optional(token),
    CONTROL_CREDENTIALS: optional(controlCredentials),
    ASSERTION_KEY: assertionKeys,
    EVENTS_URL: optional(address),
    EVENTS_SECRET: optional(eventsSecret),
    EXPOSED_KEYS: optional(v.picklist(EXPOSED_KEYS)),
    SECRET_SCANNING_KEYS_URL: optional(address),
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
    v.check(({ EVENTS_URL, EVENTS_SECRET }) => (EVENTS_URL === null) === (EVENTS_SECRET === null)),
    ["EVENTS_SECRET"],
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
  /** The origin at which clients reach the API. */
  readonly publicOrigin: string;
  /** null: refusals link to no documentation. */
  readonly docsUrl: string | null;
  /** Hosts that a `return_url` of the key page may name: `host[:port]`. */
  readonly portalReturnHosts: readonly string[];
  /** Whether keys issued before the gateway, which have no checksum, are accepted. */
  readonly acceptLegacyKeys: boolean;
  /** New keys are hashed under the current one. */
  readonly peppers: CurrentFirst;
  readonly controlTokens: CurrentFirst;
  readonly controlCredentials: readonly ControlCredential[];
  readonly assertionKeys: AssertionKeys;
  /** null: events are not sent. */
  readonly webhooks: WebhookSettings | null;
  /** What happens to a key that was found in public. */
  readonly exposedKeys: (typeof EXPOSED_KEYS)[number];
  /** Where GitHub's public keys for secret scanning are. */
  readonly secretScanningKeysUrl: string;
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
    webhooks: webhookSettings(settings.EVENTS_URL, settings.EVENTS_SECRET),
    exposedKeys: settings.EXPOSED_KEYS ?? "revoke",
    secretScanningKeysUrl: settings.SECRET_SCANNING_KEYS_URL ?? GITHUB_KEYS_URL,
    usage:
      settings.METRICS === "on" ? ((settings.USAGE as AnalyticsEngineDataset | undefined) ?? null) : null,
    logSampleRate: settings.LOG_SAMPLE_RATE,
    serverTiming: settings.SERVER_TIMING === "on",
  };
}

function currentFirst(current: string, previous: string | null): CurrentFirst {
  return previous === null ? [current] : [current, previous];
}
