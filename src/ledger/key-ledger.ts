/**
 * The ledger: one Durable Object per account, the last word on its keys. It checks no input; the control
 * plane has done so.
 *
 * Guarantees, once `revokeKey` has answered, that no lease on the key is in use anywhere: the revocation
 * is written durably, from then on leases are refused, the last lease expires, and then it answers. A key is
 * issued only when its KV record is written. A KV failure does not affect a revocation, which does not use KV.
 * The ledger holds no timer while idle, so it can hibernate.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type {
  Account,
  ApiKey,
  IssuedKey,
  KeyUsageDays,
  LedgerEvent,
  RevokedKey,
  RotatedKey,
} from "../keys/api-key.ts";
import type { LeaseAnswer, PermitReport } from "../leases/protocol.ts";
import type { Tier } from "../rate-limits.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { readSettings } from "../settings.ts";
import { AccountLimits } from "./account-limits.ts";
import { revokedKey, toApiKey } from "./api-key-view.ts";
import { DailyUseTable } from "./daily-use-table.ts";
import { type Actor, type EventFilter, EventsTable } from "./events-table.ts";
import { type CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import { type ClaimedKey, ClaimsTable, ImportClaims } from "./import-claims.ts";
import { type KeyChange, KeyChanges } from "./key-changes.ts";
import { KeyCreation } from "./key-creation.ts";
import { KeyImport } from "./key-import.ts";
import { KeyIssuing } from "./key-issuing.ts";
import { KeyRevocation, type RevokedCount } from "./key-revocation.ts";
import { FLUSH_INTERVAL_MS, KeyUsage } from "./key-usage.ts";
import type { KeyRow } from "./keys-schema.ts";
import { type KeyFilter, type KeyPosition, KeysTable } from "./keys-table.ts";
import { LeaseIssuer } from "./lease-issuer.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { MetadataTable } from "./metadata-table.ts";
import type { ImportedKey, ImportVerdict, NewKey } from "./new-keys.ts";
import { type KeyToShow, PortalAccess } from "./portal-access.ts";
import type { PortalUser, Session } from "./portal-table.ts";
import { type RebuiltPage, rebuildRecords } from "./rebuild-records.ts";

export class KeyLedger extends DurableObject<Env> {
  readonly #context: LedgerContext;
  readonly #keys: KeysTable;
  readonly #events: EventsTable;
  readonly #dailyUse: DailyUseTable;
  readonly #answers: IdempotencyStore;
  readonly #usage: KeyUsage;
  readonly #leases: LeaseIssuer;
  readonly #limits: AccountLimits;
  readonly #creation: KeyCreation;
  readonly #issuing: KeyIssuing;
  readonly #import: KeyImport;
  readonly #changes: KeyChanges;
  readonly #revocation: KeyRevocation;
  readonly #portal: PortalAccess;
  #alarmSet: Promise<void> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const settings = readSettings(env);
    if (isRefusal(settings)) throw new Error(`invalid setting ${settings.setting}`);
    const { storage } = ctx;
    const metadata = new MetadataTable(storage.sql);
    const scheduleAlarm = (at: number) => this.#scheduleAlarm(at);
    this.#keys = new KeysTable(storage.sql);
    this.#events = new EventsTable(storage.sql);
    this.#dailyUse = new DailyUseTable(storage.sql);
    const context = {
      storage,
      kv: env.API_KEYS,
      settings,
      keys: this.#keys,
      events: this.#events,
      claims: new ImportClaims(env.KEY_LEDGER, settings.ledgerTimeoutMs),
      scheduleAlarm,
    };
    this.#context = context;
    this.#usage = new KeyUsage(
      (keyId, use) => {
        this.#dailyUse.beginDay(keyId, use.lastUsedAt);
        this.#keys.addUsage(keyId, use.lastUsedAt, use.count);
      },
      () => void scheduleAlarm(Date.now() + FLUSH_INTERVAL_MS),
    );
    this.#leases = new LeaseIssuer(metadata, settings, Date.now());
    this.#limits = new AccountLimits(context, metadata);
    this.#answers = new IdempotencyStore(storage.sql, settings.peppers, this.#events, scheduleAlarm);
    this.#creation = new KeyCreation(context);
    this.#issuing = new KeyIssuing(context, this.#creation, this.#answers, this.#leases);
    this.#import = new KeyImport(context, this.#creation, this.#answers);
    this.#changes = new KeyChanges(context, this.#leases);
    this.#revocation = new KeyRevocation(context, this.#leases);
    this.#portal = new PortalAccess(context, this.#answers);
  }

  /**
   * Grants a lease of `ttl_ms` on the key, or refuses it with the reason. Reads SQLite every time: an object that was
   * superseded elsewhere is fenced there and cannot grant. `uses`: requests with the key since the isolate's last
   * call; `holder`, `reports`: the permits that the isolate holds.
   */
  lease(keyId: string, uses = 0, holder = "", reports: readonly PermitReport[] = []): LeaseAnswer {
    const now = Date.now();
    const answer = this.#leases.grant(keyId, this.#keys.issued(keyId), now);
    if (!answer.granted) return answer;
    this.#usage.recordUse(keyId, now, uses);
    return { ...answer, permits: this.#limits.permit(keyId, holder, reports, now, answer.ttl_ms) };
  }

  createKey(account: string, input: NewKey, caller: CallMetadata): Promise<IssuedKey | Refusal> {
    return this.#issuing.create(account, input, caller);
  }

  rotateKey(keyId: string, overlapMs: number, caller: CallMetadata): Promise<RotatedKey | Refusal> {
    return this.#issuing.rotate(keyId, overlapMs, caller);
  }

  importKeys(
    account: string,
    rows: readonly ImportedKey[],
    caller: CallMetadata,
    callDigest: string,
  ): Promise<ImportVerdict[] | Refusal> {
    return this.#import.import(account, rows, caller, callDigest);
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
    return this.#keys.has(keyId);
  }

  getKey(keyId: string): ApiKey | Refusal {
    const row = this.#keys.issued(keyId);
    return row ? this.#view(row) : { reason: "not_found" };
  }

  /** A page, newest first. `not_found`: the account never had a key. */
  listKeys(limit: number, after: KeyPosition | null, includeRevoked: boolean): ApiKey[] | Refusal {
    if (!this.#keys.hasAny()) return { reason: "not_found" };
    if (!includeRevoked) this.#keys.revokeEnded(Date.now());
    return this.#keys.page(limit, after, includeRevoked).map((row) => this.#view(row));
  }

  /** Requests per day for the last 30 days, oldest first. */
  keyUsage(keyId: string): KeyUsageDays | Refusal {
    const key = this.getKey(keyId);
    if (isRefusal(key)) return key;
    return { days: this.#dailyUse.requestsPerDay(keyId, key.use_count, Date.now()) };
  }

  /** A page, newest first. `not_found`: the account has no events. */
  listEvents(limit: number, before: number | null, filter: EventFilter = {}): LedgerEvent[] | Refusal {
    const events = this.#events.page(limit, before, filter);
    return events.length === 0 && !this.#events.hasAny() ? { reason: "not_found" } : events;
  }

  changeKey(keyId: string, change: KeyChange, caller: CallMetadata): ApiKey | Refusal {
    const row = this.#changes.change(keyId, change, caller);
    return isRefusal(row) ? row : this.#view(row);
  }

  async revokeKey(keyId: string, caller: CallMetadata, reason: string | null): Promise<RevokedKey | Refusal> {
    const row = await this.#revocation.revoke(keyId, caller, reason);
    return isRefusal(row) ? row : revokedKey(this.#view(row));
  }

  revokeAll(filter: KeyFilter, caller: CallMetadata): Promise<RevokedCount | Refusal> {
    return this.#revocation.revokeAll(filter, caller);
  }

  setTier(account: string, tier: Tier, caller: CallMetadata): Account {
    this.#limits.setTier(tier, caller);
    return { account, tier };
  }

  /** With the effective tier: the account's own, or the default. `not_found`: the account has no events. */
  getAccount(account: string): Account | Refusal {
    if (!this.#events.hasAny()) return { reason: "not_found" };
    return { account, tier: this.#limits.tier };
  }

  rebuildRecords(
    limit: number,
    after: KeyPosition | null,
    caller: CallMetadata,
  ): Promise<RebuiltPage | Refusal> {
    return rebuildRecords(this.#context, limit, after, caller);
  }

  openPortal(linkDigest: string, user: PortalUser, actor: Actor): { readonly endsAt: number } {
    return this.#portal.openLink(linkDigest, user, actor);
  }

  portalLink(linkDigest: string): { readonly ok: true } | Refusal {
    return this.#portal.link(linkDigest);
  }

  enterPortal(linkDigest: string, sessionDigest: string): Session | Refusal {
    return this.#portal.enter(linkDigest, sessionDigest);
  }

  portalSession(sessionDigest: string): Session | Refusal {
    return this.#portal.session(sessionDigest);
  }

  extendPortalSession(sessionDigest: string): Session | Refusal {
    return this.#portal.extend(sessionDigest);
  }

  leavePortal(sessionDigest: string): { readonly ok: true } {
    return this.#portal.leave(sessionDigest);
  }

  endPortalSessions(caller: CallMetadata): { readonly sessions: number; readonly links: number } {
    return this.#portal.endAll(caller);
  }

  showOnce(idempotencyKey: string): Promise<KeyToShow | Refusal> {
    return this.#portal.showOnce(idempotencyKey);
  }

  /** Reads storage, so only the object that owns it answers. */
  ping(): { readonly ok: true } {
    this.#keys.hasAny();
    return { ok: true };
  }

  /** The one alarm: it does everything that is due, and each part schedules its next. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#usage.flush(now);
    await this.#answers.deleteExpired(now);
    await this.#creation.cleanUp(now);
  }

  /** One call at a time, since reading the alarm and setting it are two steps. */
  #scheduleAlarm(at: number): Promise<void> {
    const set = this.#alarmSet.then(async () => {
      const due = await this.ctx.storage.getAlarm();
      // A sooner alarm stays: a steady stream of calls must not postpone it.
      if (due === null || due > at) await this.ctx.storage.setAlarm(at);
    });
    this.#alarmSet = set.catch(() => {});
    return set;
  }

  #view(row: KeyRow): ApiKey {
    const now = Date.now();
    const current = this.#usage.writeKey(row.id, now) ? this.#keys.issued(row.id) : row;
    return toApiKey(current ?? row, now);
  }
}
