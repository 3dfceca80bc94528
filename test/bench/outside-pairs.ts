/** Pairs that show the cost of a check: each server with its check and without. Pure. */
import type { Rounds } from "./figures.ts";

export interface Pair {
  /** With the check. */
  readonly with: string;
  readonly without: string;
}

export const PAIRS: readonly Pair[] = [
  { with: "gateway", without: "bare" },
  { with: "usual", without: "bare" },
  { with: "Fastify, bearer-auth", without: "Fastify" },
  { with: "Fastify, Better Auth", without: "Fastify" },
  { with: "nginx, auth_request", without: "nginx" },
  { with: "HAProxy, map", without: "HAProxy" },
];

/** The measured pairs: not every machine has every server. */
export function pairsIn(rounds: Rounds): readonly Pair[] {
  return PAIRS.filter((pair) => pair.with in rounds && pair.without in rounds);
}
