/**
 * Step 2, authenticate: which key does the request carry, and is it good now?
 *
 * Guarantees that the key it returns is under a valid lease, whose terms allow the client's address. The key comes from
 * the Authorization header and from nowhere else. It does not know the routes, so a client without a good key learns
 * nothing about them; `bucket` is the rate limit that the request counts against.
 */
import { bearerToken } from "../http/bearer-token.ts";
import { isKnown, type KnownKey } from "../leases/cached-key.ts";
import type { KeyCache } from "../leases/key-cache.ts";
import type { Bucket } from "../rate-limits.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { refuseAddress } from "./allowed-addresses.ts";
import type { RequestContext } from "./request-context.ts";

/** The log's word for what the lease's status costs the request: nothing, a call in the background, a call it waits for. */
const LEASE_USE = { valid: "hit", renewable: "renewed", expired: "miss" } as const;

export async function authenticateKey(
  context: RequestContext,
  keys: KeyCache,
  bucket: Bucket,
): Promise<KnownKey | Refusal> {
  const { request, report } = context;
  const token = bearerToken(request.headers.get("Authorization"));
  if (typeof token !== "string") return token;

  const key = keys.get(token) ?? (await keys.load(token, context.address, context));
  if (isRefusal(key)) return key;

  report.key = key;
  const { lease } = key;
  // A key that is known to be refused costs no call to the ledger.
  if (lease.refusal) return lease.refusal;
  const status = lease.status();
  report.lease = LEASE_USE[status];
  if (status !== "valid") {
    const refusal = await lease.ensureValid(context, bucket);
    if (refusal) return refusal;
  }
  if (!isKnown(key)) throw new Error("a lease was granted on an unknown key");
  const refusal = refuseAddress(lease.terms, context.address);
  if (refusal) return refusal;
  lease.countUse();
  return key;
}
