/**
 * Step 2, authenticate: whose key is this, and is it good right now?
 *
 * Guarantees that what it passes on is a key under a valid lease. The key comes from one place, the
 * Authorization header; nothing else in the request is ever taken for one. It does not know which
 * routes exist, so a stranger learns nothing about them.
 */
import { bearerToken } from "../bearer-token.ts";
import type { KnownKey, KnownKeys } from "../keys/known-keys.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { RequestReport } from "../request-report.ts";
import { clientAddress } from "./client-address.ts";
import { secureLease, type Watch } from "./secure-lease.ts";
import type { Stay } from "./stay.ts";

/** What a lease that stands so costs the request: nothing, nothing (it is renewed in the background), a call. */
const LEASE_USE = { valid: "hit", due: "renewed", lapsed: "asked" } as const;

export async function authenticateKey(
  request: Request,
  keys: KnownKeys,
  strict: boolean,
  report: RequestReport,
  stay: Stay,
  watch: Watch,
): Promise<KnownKey | Refusal> {
  const authorization = request.headers.get("Authorization");
  if (!authorization) return { reason: "missing_credential" };
  const text = bearerToken(authorization);
  if (text === undefined) return { reason: "malformed_credential" };

  const key = keys.recall(text) ?? (await keys.load(text, clientAddress(request)));
  if (isRefusal(key)) return key;

  report.key = key;
  const { lease } = key;
  // A key that is remembered as dead asks for no lease.
  if (lease.refusal) return { reason: lease.refusal };
  const standing = lease.standing();
  report.lease = strict ? "asked" : LEASE_USE[standing];
  if (strict || standing !== "valid") {
    // Whoever asks the ledger now asks for a permit, too.
    lease.permits.waiting += 1;
    const refusal = await secureLease(lease, strict, stay, watch);
    lease.permits.waiting -= 1;
    if (refusal) return refusal;
  }
  lease.countUse();
  return key;
}
