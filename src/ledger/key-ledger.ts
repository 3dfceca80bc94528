/**
 * The ledger: one Durable Object per account, named by its locator, the last word on its keys. It checks no input; the
 * control plane has done so.
 *
 * Guarantees, once `revokeKey` has answered, that no lease on the key is in use anywhere: the revocation
 * is written durably, from then on leases are refused, the last lease expires, and then it answers. A key is
 * issued only when its KV record is written. A KV failure does not affect a revocation, which does not use KV.
 * The ledger holds no timer while idle, so it can hibernate.
 */

import type { DurableObject } from "cloudflare:workers";
import type {
  Account,
  ApiKey,
  IssuedKey,
  KeyUsageDays,
  LedgerEvent,
  RevokedKey,
  RotatedKey,
} from "../keys/api-key.ts";
import type { LeaseAnswer, LeaseRequest } from "../leases/protocol.ts";
import type { Tier } from "../rate-limits.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { revokedKey, toApiKey } from "./api-key-view.ts";
import type { EventFilter } from "./events-table.ts";
import { exposeKey, type Sighting } from "./exposed-keys.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import { type ClaimedKey, ClaimsTable } from "./import-claims.ts";
import type { KeyChange } from "./key-changes.ts";
import type { RevokedCount } from "./key-revocation.ts";
import type { KeyRow } from "./keys-schema.ts";
import type { KeyFilter, KeyPosition } from "./keys-table.ts";
import { ACCOUNT } from "./metadata-table.ts";
import { type ImportedKey, type ImportVerdict, type NewKey, recordOf, termsOf } from "./new-keys.ts";
import { PortalLedger } from "./portal-ledger.ts";
import { type RebuiltPage, rebuildRecords } from "./rebuild-records.ts";

export class KeyLedger extends PortalLedger {
  /**
   * Grants a lease of `ttl_ms` on the key and its terms, or refuses it with the reason. Reads SQLite every time: an object that was
   * superseded elsewhere is fenced there and cannot grant.
   */
  lease({ hash, account, uses, holder, permits: reports, wants_record }: LeaseRequest): LeaseAnswer {
    const now = Date.now();
    const row = this.keys.issuedByHash(hash, account);
    if (!row) return { granted: false, reason: "not_in_ledger" };
    const verdict = this.leases.grant(row.id, row, now);
    const record = wants_record ? { record: recordOf(row) } : {};
    if (!verdict.granted) return { ...verdict, ...record };
    this.usage.recordUse(row.id, now, uses);
    const permits = this.limits.permit(row.id, holder, reports, now, verdict.ttl_ms);
    return { ...verdict, ...record, terms: termsOf(row), permits };
  }

  /**
   * Calls one of the methods below for an account. The ledger belongs to the account of its first call; another account
   * with the same locator, if there ever is one, gets `not_found`.
   */
  callFor(account: string, method: LedgerMethod, args: readonly unknown[]): unknown {
    const own = this.metadata.get(ACCOUNT);
    if (own === undefined) this.metadata.set(ACCOUNT, account);
    else if (own !== account) return { reason: "not_found" } satisfies Refusal;
    return (this[method] as (...args: readonly unknown[]) => unknown)(...args);
  }

  createKey(account: string, input: NewKey, caller: CallMetadata): Promise<IssuedKey | Refusal> {
    return this.issuing.create(account, input, caller);
  }

  rotateKey(keyId: string, overlapMs: number, caller: CallMetadata): Promise<RotatedKey | Refusal> {
    return this.issuing.rotate(keyId, overlapMs, caller);
  }

  importKeys(
    account: string,
    rows: readonly ImportedKey[],
    caller: CallMetadata,
    callDigest: string,
  ): Promise<ImportVerdict[] | Refusal> {
    return this.import.import(account, rows, caller, callDigest);
  }

  /** In the object of all claims: for each key whether the account has it from now on. */
  claimKeys(account: string, keys: readonly ClaimedKey[]): boolean[] {
    const claims = new ClaimsTable(this.ctx.storage.sql);
    return this.ctx.storage.transactionSync(() => keys.map((key) => claims.claim(account, key)));
  }

  /** In the object of all claims: for keys whose import was refused or removed. */
  releaseKeys(account: string, keyIds: readonly string[]): { readonly ok: true } {
    const claims = new ClaimsTable(this.ctx.storage.sql);
    for (const keyId of keyIds) claims.release(account, keyId);
    return { ok: true };
  }

  /** Whether it has the key, issued or not. */
  hasKey(keyId: string): boolean {
    return this.keys.has(keyId);
  }

  getKey(keyId: string): ApiKey | Refusal {
    const row = this.keys.issued(keyId);
    return row ? this.#view(row) : { reason: "not_found" };
  }

  /** By its hash, for a caller who has the key; `account`: null if the key's locator names the ledger. */
  getKeyByHash(hash: string, account: string | null): ApiKey | Refusal {
    const row = this.keys.issuedByHash(hash, account);
    return row ? this.#view(row) : { reason: "not_found" };
  }

  /** A page, newest first. `not_found`: the account never had a key. */
  listKeys(limit: number, after: KeyPosition | null, includeRevoked: boolean): ApiKey[] | Refusal {
    if (!this.keys.hasAny()) return { reason: "not_found" };
    if (!includeRevoked) this.keys.revokeEnded(Date.now());
    return this.keys.page(limit, after, includeRevoked).map((row) => this.#view(row));
  }

  /** Requests per day for the last 30 days, oldest first. */
  keyUsage(keyId: string): KeyUsageDays | Refusal {
    const key = this.getKey(keyId);
    if (isRefusal(key)) return key;
    return { days: this.dailyUse.requestsPerDay(keyId, key.use_count, Date.now()) };
  }

  /** A page, as `EventsTable` orders it. `not_found`: the account has no events. */
  listEvents(limit: number, position: number | null, filter: EventFilter = {}): LedgerEvent[] | Refusal {
    const events = this.events.page(limit, position, filter);
    return events.length === 0 && !this.events.hasAny() ? { reason: "not_found" } : events;
  }

  changeKey(keyId: string, change: KeyChange, caller: CallMetadata): ApiKey | Refusal {
    const row = this.changes.change(keyId, change, caller);
    return isRefusal(row) ? row : this.#view(row);
  }

  async revokeKey(keyId: string, caller: CallMetadata, reason: string | null): Promise<RevokedKey | Refusal> {
    const row = await this.revocation.revoke(keyId, caller, reason);
    return isRefusal(row) ? row : revokedKey(this.#view(row));
  }

  async revokeKeyByHash(
    hash: string,
    account: string | null,
    caller: CallMetadata,
  ): Promise<RevokedKey | Refusal> {
    const row = this.keys.issuedByHash(hash, account);
    return row ? await this.revokeKey(row.id, caller, null) : { reason: "not_found" };
  }

  /** Marks a key that was found in public and, unless `then` is `notify`, revokes it. */
  async exposeKeyByHash(
    hash: string,
    account: string | null,
    sighting: Sighting,
    then: "revoke" | "notify",
  ): Promise<ApiKey | Refusal> {
    const row = this.keys.issuedByHash(hash, account);
    if (!row) return { reason: "not_found" };
    const exposed = await exposeKey(this.context, this.revocation, row, sighting, then);
    return isRefusal(exposed) ? exposed : this.#view(exposed);
  }

  revokeAll(filter: KeyFilter, caller: CallMetadata): Promise<RevokedCount | Refusal> {
    return this.revocation.revokeAll(filter, caller);
  }

  setTier(account: string, tier: Tier, caller: CallMetadata): Account {
    this.limits.setTier(tier, caller);
    return { account, tier };
  }

  /** With the effective tier: the account's own, or the default. `not_found`: the account has no events. */
  getAccount(account: string): Account | Refusal {
    if (!this.events.hasAny()) return { reason: "not_found" };
    return { account, tier: this.limits.tier };
  }

  rebuildRecords(
    limit: number,
    after: KeyPosition | null,
    caller: CallMetadata,
  ): Promise<RebuiltPage | Refusal> {
    return rebuildRecords(this.context, limit, after, caller);
  }

  /** Reads storage, so only the object that owns it answers. With the longest that a restriction may have to wait. */
  ping(): { readonly leaseBoundMs: number } {
    this.keys.hasAny();
    return { leaseBoundMs: this.leases.leaseBoundMs };
  }

  #view(row: KeyRow): ApiKey {
    const now = Date.now();
    const current = this.usage.writeKey(row.id, now) ? this.keys.issued(row.id) : row;
    return toApiKey(current ?? row, now);
  }
}

/** The methods of the control plane. */
export type LedgerMethod = Exclude<keyof KeyLedger, keyof DurableObject | "lease" | "callFor">;
