/**
 * The ledger: one Durable Object per account, named by its locator; it decides on the account's keys. It does not check
 * input; the control plane has done so.
 *
 * Guarantees, once `revokeKey` has answered, that no lease on the key is in use anywhere: the revocation
 * is written durably, from then on leases are refused, the last lease expires, and then it answers. A key is
 * issued only when its KV record is written. A KV failure does not affect a revocation, which does not use KV.
 * The ledger holds no timer while idle, so it can hibernate.
 */

import type { DurableObject } from "cloudflare:workers";
import type { Account, ChangedAccount, RestrictedAccount } from "../keys/account.ts";
import type {
  ApiKey,
  ChangedKey,
  IssuedKey,
  KeyUsageDays,
  LedgerEvent,
  RestrictedKey,
  RevokedKey,
  RotatedKey,
} from "../keys/api-key.ts";
import type { LeaseAnswer, LeaseRequest } from "../leases/protocol.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { AccountChange } from "./account-changes.ts";
import { revokedKey, toApiKey, withReceipt } from "./api-key-view.ts";
import type { RevokedCount } from "./bulk-revocation.ts";
import type { EventFilter } from "./events-table.ts";
import { type ExposedKeyAction, exposeKey, type Sighting } from "./exposed-keys.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import { type ClaimedKey, ClaimsTable } from "./import-claims.ts";
import type { ChangedRow } from "./key-changes.ts";
import type { KeyChange } from "./key-edits.ts";
import type { KeyFilter, KeyPosition, ListFilter } from "./key-listing.ts";
import type { KeyRow } from "./keys-schema.ts";
import { ACCOUNT } from "./metadata-table.ts";
import { type ImportedKey, type ImportVerdict, type NewKey, recordOf, termsOf } from "./new-keys.ts";
import { PortalLedger } from "./portal-ledger.ts";
import { type RebuiltPage, rebuildRecords } from "./rebuild-records.ts";

/** How many keys whose scheduled end has passed one list marks as revoked. It leaves out all of them. */
const ENDED_PER_LIST = 1000;

export class KeyLedger extends PortalLedger {
  /**
   * Grants a lease of `ttl_ms` on the key and its terms, or refuses it with the reason. Reads SQLite every time: an
   * object that was superseded elsewhere is fenced there and cannot grant.
   */
  lease({ hash, account, uses, holder, permits: reports, wants_record }: LeaseRequest): LeaseAnswer {
    const now = Date.now();
    const row = this.keys.issuedByHash(hash, account);
    if (!row) return { granted: false, reason: "not_in_ledger" };
    const { policy, suspended_at } = this.context.account.row;
    const key = suspended_at === null ? row : { ...row, suspended_at };
    const verdict = this.leases.grant(row.id, key, now);
    const record = wants_record ? { record: recordOf(row) } : {};
    if (!verdict.granted) return { ...verdict, ...record };
    this.usage.recordUse(row.id, now, uses);
    const call = { holder, reports, leaseMs: verdict.ttl_ms };
    const permits = this.limits.grantPermits(row, policy.account_limits, call, now);
    return { ...verdict, ...record, terms: termsOf(row, policy), permits };
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

  /** In the object of all claims: claims the keys for the account; returns for each whether the account has it. */
  claimKeys(account: string, keys: readonly ClaimedKey[]): boolean[] {
    const claims = new ClaimsTable(this.ctx.storage.sql);
    return this.ctx.storage.transactionSync(() => keys.map((key) => claims.claim(account, key)));
  }

  /** In the object of all claims: gives up the account's claims on keys whose import was refused or removed. */
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
    return row ? this.view(row) : { reason: "not_found" };
  }

  /** The same by its hash. `account`: null if the key's locator names the ledger. */
  getKeyByHash(hash: string, account: string | null): ApiKey | Refusal {
    const row = this.keys.issuedByHash(hash, account);
    return row ? this.view(row) : { reason: "not_found" };
  }

  /** A page, newest first. `not_found`: the account never had a key. */
  listKeys(limit: number, after: KeyPosition | null, filter: ListFilter): ApiKey[] | Refusal {
    const { listing, account } = this.context;
    const now = Date.now();
    if (!listing.hasAny()) return { reason: "not_found" };
    if (!filter.includeRevoked) this.keys.revokeEnded(now, ENDED_PER_LIST);
    return listing.page(limit, after, filter, now, account.isSuspended).map((row) => this.view(row));
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

  async changeKey(keyId: string, change: KeyChange, caller: CallMetadata): Promise<ChangedKey | Refusal> {
    return this.#viewChanged(await this.changes.change(keyId, change, caller));
  }

  async suspendKey(keyId: string, caller: CallMetadata, reason: string | null) {
    const suspended = await this.suspension.suspend(keyId, caller, reason);
    return this.#viewChanged(suspended) as RestrictedKey | Refusal;
  }

  resumeKey(keyId: string, caller: CallMetadata) {
    return this.#viewChanged(this.suspension.resume(keyId, caller)) as RestrictedKey | Refusal;
  }

  async revokeKey(keyId: string, caller: CallMetadata, reason: string | null): Promise<RevokedKey | Refusal> {
    const row = await this.revocation.revoke(keyId, caller, reason);
    if (isRefusal(row)) return row;
    return revokedKey(this.#withUsage(row), Date.now(), this.context.account.isSuspended);
  }

  async revokeKeyByHash(
    hash: string,
    account: string | null,
    caller: CallMetadata,
  ): Promise<RevokedKey | Refusal> {
    const row = this.keys.issuedByHash(hash, account);
    return row ? await this.revokeKey(row.id, caller, null) : { reason: "not_found" };
  }

  /** Marks a key that was found in public, and revokes or suspends it. */
  async exposeKeyByHash(
    hash: string,
    account: string | null,
    sighting: Sighting,
    action: ExposedKeyAction,
  ): Promise<ApiKey | Refusal> {
    const row = this.keys.issuedByHash(hash, account);
    if (!row) return { reason: "not_found" };
    const exposed = await exposeKey(
      this.context,
      { revocation: this.revocation, suspension: this.suspension },
      row,
      sighting,
      action,
    );
    return isRefusal(exposed) ? exposed : this.view(exposed);
  }

  revokeAll(filter: KeyFilter, caller: CallMetadata): Promise<RevokedCount | Refusal> {
    return this.bulkRevocation.revokeAll(filter, caller);
  }

  changeAccount(
    account: string,
    change: AccountChange,
    caller: CallMetadata,
  ): Promise<ChangedAccount | Refusal> {
    return this.accountChanges.change(account, change, caller);
  }

  suspendAccount(account: string, caller: CallMetadata, reason: string | null) {
    return this.accountChanges.suspend(account, caller, reason);
  }

  resumeAccount(account: string, caller: CallMetadata): RestrictedAccount | Refusal {
    return this.accountChanges.resume(account, caller);
  }

  /** `not_found`: the account has no events. */
  getAccount(account: string): Account | Refusal {
    return this.events.hasAny() ? this.accountChanges.view(account) : { reason: "not_found" };
  }

  rebuildRecords(
    limit: number,
    after: KeyPosition | null,
    caller: CallMetadata,
  ): Promise<RebuiltPage | Refusal> {
    return rebuildRecords(this.context, limit, after, caller);
  }

  /** Reads storage, so a superseded object does not answer. Returns the longest that a restriction may have to wait. */
  ping(): { readonly leaseBoundMs: number } {
    this.events.hasAny();
    return { leaseBoundMs: this.leases.leaseBoundMs };
  }

  #viewChanged(changed: ChangedRow | Refusal): ChangedKey | Refusal {
    if (isRefusal(changed)) return changed;
    const key = this.view(changed.row);
    return changed.receipt ? withReceipt(key, changed.receipt) : key;
  }

  protected view(row: KeyRow): ApiKey {
    return toApiKey(this.#withUsage(row), Date.now(), this.context.account.isSuspended);
  }

  /** Unwritten uses are written before they are shown. */
  #withUsage(row: KeyRow): KeyRow {
    const current = this.usage.writeKey(row.id, Date.now()) ? this.keys.issued(row.id) : row;
    return current ?? row;
  }
}

/** The methods of the control plane. */
export type LedgerMethod = Exclude<keyof KeyLedger, keyof DurableObject | "lease" | "callFor">;
