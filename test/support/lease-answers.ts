/** Answers of a ledger, for tests without one. */
import type { BucketGrant, LeaseAnswer, Terms } from "../../src/leases/protocol.ts";

export const FULL_ACCESS: Terms = { permissions: [], allowed_ips: [], account_allowed_ips: [] };

export function grantAnswer(ttlMs: number, permits: readonly BucketGrant[] | null = null): LeaseAnswer {
  return { granted: true, ttl_ms: ttlMs, terms: FULL_ACCESS, permits };
}
