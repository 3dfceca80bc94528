/**
 * Throttles failed lookups: of keys without a checksum, and of guessed secrets in calls of the control plane.
 *
 * The platform's rate limiter counts them per location and client network. A network above the limit is blocked here
 * for a minute, at no cost per request. Keys with a right checksum are never throttled.
 */
import type { Env } from "../env.ts";
import { formatIpNetwork, networkAround, parseIpAddress } from "./ip-network.ts";
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

  /** Counts a failed lookup; returns whether the network is above the limit. */
  async recordFailure(address: string): Promise<boolean> {
    const network = networkOf(address);
    const { success } = await this.#limiter.limit({ key: network });
    if (!success) this.#blockedUntil.set(network, this.#now() + LOOKUP_PERIOD_SECONDS * 1000);
    return !success;
  }
}

/** The network of one client: a /64 of IPv6 addresses (RFC 6177), or one IPv4 address. */
export function networkOf(address: string): string {
  const ip = parseIpAddress(address);
  return ip === null ? address : formatIpNetwork(networkAround(ip, ip.isIpv4 ? 32 : 64));
}
