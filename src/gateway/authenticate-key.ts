/**
 * Step 2, authenticate: whose key is this, and is it good right now?
 *
 * Guarantees that what it passes on is a key under a valid lease. The key comes from one place, the
 * Authorization header; nothing else in the request is ever taken for one. It does not know which
 * routes exist, so a stranger learns nothing about them.
 */
import { bearerToken } from "../http/bearer-token.ts";
import { clientAddress } from "../http/client-address.ts";
import type { CachedKey, KeyCache } from "../leases/key-cache.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { ensureValid, type TraceLedgerCall } from "./ensure-valid.ts";
import type { RequestLifetime } from "./request-lifetime.ts";
import type { RequestReport } from "./request-report.ts";

/** What a lease that stands so costs the request: nothing, nothing (it is renewed in the background), a call. */
const LEASE_USE = { valid: "hit", renewable: "renewed", expired: "miss" } as const;

export async function authenticateKey(
  request: Request,
  keys: KeyCache,
  report: RequestReport,
  lifetime: RequestLifetime,
  watch: TraceLedgerCall,
): Promise<CachedKey | Refusal> {
  const authorization = request.headers.get("Authorization");
  if (!authorization) return { reason: "missing_credential" };
  const text = bearerToken(authorization);
  if (text === undefined) return { reason: "malformed_credential" };

  const key = keys.get(text) ?? (await keys.load(text, clientAddress(request)));
  if (isRefusal(key)) return key;

  report.key = key;
  const { lease } = key;
  // A key that is remembered as dead asks for no lease.
  if (lease.refusal) return { reason: lease.refusal };
  const standing = lease.status();
  report.lease = LEASE_USE[standing];
  if (standing !== "valid") {
    // Whoever asks the ledger now asks for a permit, too.
    lease.permits.waiting += 1;
    const refusal = await ensureValid(lease, false, lifetime, watch);
    lease.permits.waiting -= 1;
    if (refusal) return refusal;
  }
  lease.countUse();
  return key;
}
