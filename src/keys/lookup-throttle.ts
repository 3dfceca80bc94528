/**
 * Throttles failed lookups: keys without a keyed check, and guesses at the calls by possession.
 *
 * The platform's rate limiter counts them per location and client network. A network above the limit is blocked here
 * for a minute, at no cost per request. Keys that pass the keyed check are never throttled.
 */
import type { Env } from "../env.ts";
import { LruCache } from "./lru-cache.ts";

/** The period of the binding in `wrangler.toml`. */
export const LOOKUP_PERIOD_SECONDS = 60;

const NETWORKS_MAX = 10_000;

export class LookupThrottle {
  readonly #limiter: Env["FAILED_LOOKUPS"];
  readonly #now: () => number;
  readonly #blockedUntil = new LruCache<number>(NETWORKS_MAX);

  constructor(limiter: Env["FAILED_LOOKUPS"], now: () => number) {
    this.#limiter = limiter;
    this.#now = now;
  }

  isBlocked(address: string): boolean {
    return this.#now() < (this.#blockedUntil.get(networkOf(address)) ?? 0);
  }

  /** Returns whether it was above the limit. */
  async recordFailure(address: string): Promise<boolean> {
    const network = networkOf(address);
    const { success } = await this.#limiter.limit({ key: network });
    if (!success) this.#blockedUntil.set(network, this.#now() + LOOKUP_PERIOD_SECONDS * 1000);
    return !success;
  }
}

const IPV6_GROUPS = 8;

/** One client has a /64 of IPv6 addresses (RFC 6177), or one IPv4 address. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1);
  const [before = "", after = ""] = address.split("::");
  const [left, right] = [before, after].map((part) => part.split(":").filter(Boolean)) as [
    string[],
    string[],
  ];
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - left.length - right.length)).fill("0");
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.slice(0, 4).join(":")}::/64`;
}
