/**
 * The rate limits of the Octopost documentation: requests per key and fixed window, by tier.
 *
 * A request counts in one bucket: `publish` or `requests`. Pure: it counts nothing; the ledger does.
 */

export type Bucket = "requests" | "publish";

/** A window begins at a whole multiple of its length since 1970, on the ledger's clock. */
export type WindowsMs = Readonly<Record<Bucket, number>>;

export const WINDOWS_MS: WindowsMs = { requests: 60_000, publish: 3_600_000 };

/** Requests per key, bucket and window. */
export type Limits = Readonly<Record<Bucket, number>>;

const TIERS = {
  free: { requests: 60, publish: 10 },
  starter: { requests: 300, publish: 60 },
  pro: { requests: 1000, publish: 300 },
  unlimited: null,
} as const satisfies Record<string, Limits | null>;

export const TIER_NAMES = ["free", "starter", "pro", "unlimited"] as const satisfies (keyof typeof TIERS)[];

/** Limits as the API writes them: of a key, or of an account without a named tier. */
export type OwnLimits = { readonly requests_per_minute: number; readonly publish_per_hour: number };

/** A named tier, or an account's own limits. */
export type Tier = (typeof TIER_NAMES)[number] | OwnLimits;

/** The limits per bucket; null: no limits. */
export function limitsOf(tier: Tier | null): Limits | null {
  if (tier === null) return null;
  if (typeof tier === "string") return TIERS[tier];
  return { requests: tier.requests_per_minute, publish: tier.publish_per_hour };
}

/** The state of a limit, as a client is shown it. */
export interface Allowance {
  readonly bucket: Bucket;
  readonly limit: number;
  readonly remaining: number;
  readonly windowMs: number;
  /** Unix seconds. */
  readonly resetsAt: number;
  /** Whole seconds until the reset, at least 1. */
  readonly resetsInSeconds: number;
  /** Whole seconds until a retry may succeed: until the reset, or until other isolates have returned unused permits. */
  readonly retryInSeconds: number;
}
