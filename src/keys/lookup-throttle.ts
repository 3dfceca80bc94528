/**
 * Limits look-ups that a client makes up: keys without a keyed check, and revocations by possession.
 *
 * Counted by the platform's rate limiter, per location and client network; a network that went over the
 * limit is remembered here for a while, so that its next ones cost nothing. Keys with a check never come here.
 */
import type { Env } from "../env.ts";
import { LruCache } from "./lru-cache.ts";

/** The period of the binding in `wrangler.toml`. */
export const LOOKUP_PERIOD_SECONDS = 60;

const NETWORKS_MAX = 10_000;

export class LookupThrottle {
  readonly #limiter: Env["FAILED_LOOK_UPS"];
  readonly #now: () => number;
  readonly #blockedUntil = new LruCache<number>(NETWORKS_MAX);

  constructor(limiter: Env["FAILED_LOOK_UPS"], now: () => number) {
    this.#limiter = limiter;
    this.#now = now;
  }

  isBlocked(address: string): boolean {
    return this.#now() < (this.#blockedUntil.get(networkOf(address)) ?? 0);
  }

  /** Counts one more; returns whether it was over the limit. */
  async recordFailure(address: string): Promise<boolean> {
    const network = networkOf(address);
    const { success } = await this.#limiter.limit({ key: network });
    if (!success) this.#blockedUntil.set(network, this.#now() + LOOKUP_PERIOD_SECONDS * 1000);
    return !success;
  }
}

const IPV6_GROUPS = 8;

/** Whoever has one IPv6 address has a /64 of them (RFC 6177), so that is one client. An IPv4 address is itself. */
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
