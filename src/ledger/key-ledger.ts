/**
 * The ledger: one Durable Object per account, the last word on its keys.
 *
 * Guarantees, once `revokeKey` has answered, that no lease on the key is in use anywhere: the revocation
 * is durable first, from then on leases are refused, then the latest lease given has ended, then it
 * answers. A key comes to life only when its KV entry is written. KV failing changes nothing about a
 * revocation, which does not touch it. Holds no timer while idle.
 */

import type { Env } from "../env.ts";
import type { Account, ApiKey, IssuedKey, LedgerEvent, RevokedKey, RotatedKey } from "../keys/api-key.ts";
import type { LeaseAnswer, PermitReport } from "../leases/protocol.ts";
import type { Tier } from "../rate-limits.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { readSettings } from "../settings.ts";
import { AccountLimits } from "./account-limits.ts";
import { scheduleAlarm } from "./alarm.ts";
import { isoTime, isRevoked, revokedKey, toApiKey } from "./api-key-view.ts";
import type { CallMetadata } from "./call-metadata.ts";
import { EventsTable } from "./events-table.ts";
import { KeyIssuing } from "./key-issuing.ts";
import { KeyRevocation } from "./key-revocation.ts";
import { KeyUsage } from "./key-usage.ts";
import { type KeyFilter, type KeyPosition, type KeyRow, KeysTable } from "./keys-table.ts";
import { LeaseIssuer } from "./lease-issuer.ts";
import { MetadataTable } from "./metadata-table.ts";
import type { ImportedKey, ImportVerdict, NewKey } from "./new-keys.ts";
import { PortalLedger } from "./portal-access.ts";
import { type RebuiltPage, rebuildRecords } from "./rebuild-records.ts";

export class KeyLedger extends PortalLedger {
  readonly #keys: KeysTable;
  readonly #events: EventsTable;
  readonly #metadata: MetadataTable;
  readonly #uses: KeyUsage;
  readonly #issuing: KeyIssuing;
  readonly #leases: LeaseIssuer;
  readonly #revoking: KeyRevocation;
  readonly #limits: AccountLimits;
  readonly #ledgerTimeoutMs: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const settings = readSettings(env);
    if ("invalidSetting" in settings) throw new Error(`invalid setting ${settings.invalidSetting}`);
    const { sql } = ctx.storage;
    this.#ledgerTimeoutMs = settings.ledgerTimeoutMs;
    this.#keys = new KeysTable(sql);
    this.#events = new EventsTable(sql);
    this.#metadata = new MetadataTable(sql);
    // A turn later, so that the lease which brought the news does not wait for its write to be durable.
    this.#uses = new KeyUsage((keyId, use) => {
      void scheduler.wait(0).then(() => this.#keys.addUsage(keyId, use.lastUsedAt, use.count));
    });
    this.#issuing = new KeyIssuing(ctx.storage, env.API_KEYS, settings, this.#keys, this.#events);

    const settleIn = (ms: number) => scheduleAlarm(ctx.storage, Date.now() + ms);
    this.#leases = new LeaseIssuer(this.#keys, this.#metadata, settings, Date.now(), settleIn);
    this.#limits = new AccountLimits(sql, this.#metadata, settings.defaultTier);
    this.#revoking = new KeyRevocation(ctx.storage, this.#keys, this.#events, this.#leases);
  }

  /**
   * Promises that the key stays good for `ttl_ms`, or says why not. Reads SQLite every time, so that an
   * object that has been superseded elsewhere is fenced and cannot grant anything. `uses`: how often the
   * asking isolate used the key since it asked last; `holder`, `reports`: what it has of its permits.
   */
  lease(keyId: string, uses = 0, holder = "", reports: readonly PermitReport[] = []): LeaseAnswer {
    const now = Date.now();
    const answer = this.#leases.grant(keyId, now);
    if (!answer.granted) return answer;
    this.#uses.recordUse(keyId, now, uses);
    return { ...answer, permits: this.#limits.permit(keyId, holder, reports, now, answer.ttl_ms) };
  }

  createKey(account: string, input: NewKey, caller: CallMetadata): Promise<IssuedKey | Refusal> {
    return this.#issuing.create(account, input, caller);
  }

  /**
   * Makes a successor with the same name, mode and permissions, and schedules the end of the old key. No lease
   * reaches past that end: it is put off, if need be, until the leases that are out have run down. With no
   * overlap the old key is revoked, and the answer waits until it is dead everywhere.
   */
  async rotateKey(keyId: string, overlapMs: number, caller: CallMetadata): Promise<RotatedKey | Refusal> {
    const answer = await this.#issuing.rotate(keyId, overlapMs, caller, (now) =>
      this.#leases.effectiveAt(keyId, now + overlapMs),
    );
    if (overlapMs === 0 && !isRefusal(answer))
      await this.#leases.waitUntil(this.#leases.leasesExpireAt(keyId));
    return answer;
  }

  importKeys(
    account: string,
    rows: readonly ImportedKey[],
    caller: CallMetadata,
  ): Promise<ImportVerdict[] | Refusal> {
    return this.#issuing.import(account, rows, caller);
  }

  getKey(keyId: string): ApiKey | Refusal {
    const row = this.#keys.issued(keyId);
    return row ? this.#shown(row) : { reason: "not_found" };
  }

  /** A page, newest first. `not_found`: the account never had a key. */
  listKeys(limit: number, after: KeyPosition | null, includeRevoked: boolean): ApiKey[] | Refusal {
    if (!this.#keys.hasAny()) return { reason: "not_found" };
    if (!includeRevoked) this.#keys.revokeEnded(Date.now());
    return this.#keys.page(limit, after, includeRevoked).map((row) => this.#shown(row));
  }

  /** A page, newest first. `not_found`: nothing has ever happened to the account. */
  listEvents(limit: number, before: number | null): LedgerEvent[] | Refusal {
    const events = this.#events.page(limit, before);
    return events.length === 0 && !this.#events.hasAny() ? { reason: "not_found" } : events;
  }

  /** Renames a key, or changes when it is revoked; null takes a scheduled revocation back. */
  changeKey(
    keyId: string,
    change: { readonly name?: string | undefined; readonly revokes_at?: string | null | undefined },
    caller: CallMetadata,
  ): ApiKey | Refusal {
    const row = this.#keys.issued(keyId);
    if (!row) return { reason: "not_found" };
    const now = Date.now();
    const { actor } = caller;
    if (change.revokes_at !== undefined && isRevoked(row, now)) return REVOKED_ALREADY;
    return this.ctx.storage.transactionSync(() => {
      if (change.name !== undefined && change.name !== row.name) {
        this.#keys.rename(keyId, change.name);
        this.#events.add({
          at: now,
          actor,
          action: "renamed",
          keyId,
          details: { from: row.name, to: change.name },
        });
      }
      if (change.revokes_at !== undefined) {
        const asked = change.revokes_at === null ? null : Date.parse(change.revokes_at);
        const end = asked === null ? null : this.#leases.effectiveAt(keyId, asked).at;
        this.#keys.schedule(keyId, end);
        const details = { revokes_at: end === null ? null : isoTime(end) };
        this.#events.add({ at: now, actor, action: "rescheduled", keyId, details });
      }
      return this.#shown(this.#keys.issued(keyId) ?? row);
    });
  }

  /**
   * Revokes a key, for good, and answers once no request with it can succeed anywhere. Called again it
   * gives the same answer. Should the caller go away or this object restart while it waits, the
   * revocation stands, and the next call waits for what is left.
   */
  async revokeKey(keyId: string, caller: CallMetadata, reason: string | null): Promise<RevokedKey | Refusal> {
    const row = this.#keys.issued(keyId);
    if (!row) return { reason: "not_found" };
    if (row.revoked_at === null) this.#revoking.revoke(keyId, caller, reason);

    // The write must be on disk before anyone hears of it; from here on every lease is refused.
    await this.ctx.storage.sync();
    await this.#leases.waitUntil(this.#leases.leasesExpireAt(keyId));
    return revokedKey(this.#shown(this.#keys.issued(keyId) ?? row));
  }

  /** Revokes every key that matches, in one durable write and one wait, with an event for each. */
  async revokeAll(
    filter: KeyFilter,
    caller: CallMetadata,
  ): Promise<{ readonly revoked: number; readonly effective_at: string } | Refusal> {
    if (!this.#keys.hasAny()) return { reason: "not_found" };
    const { revoked, effectiveAt } = this.#revoking.revokeAll(filter, caller);

    await this.ctx.storage.sync();
    await this.#leases.waitUntil(this.#leases.allLeasesExpireAt());
    return { revoked, effective_at: isoTime(effectiveAt) };
  }

  setTier(account: string, tier: Tier, caller: CallMetadata): Account {
    this.ctx.storage.transactionSync(() => {
      this.#limits.setTier(tier);
      this.#events.add({
        at: Date.now(),
        actor: caller.actor,
        action: "tier_changed",
        keyId: null,
        details: { tier },
      });
    });
    return { account, tier };
  }

  /** With the tier that counts: its own, or the default. `not_found`: nothing has ever happened to the account. */
  getAccount(account: string): Account | Refusal {
    if (!this.#events.hasAny()) return { reason: "not_found" };
    return { account, tier: this.#limits.tier };
  }

  /** Writes a page of KV entries again. `not_found`: the account never had a key. */
  async rebuildRecords(
    limit: number,
    after: KeyPosition | null,
    { actor }: CallMetadata,
  ): Promise<RebuiltPage | Refusal> {
    if (!this.#keys.hasAny()) return { reason: "not_found" };
    const page = await rebuildRecords(this.#keys, this.env.API_KEYS, limit, after, this.#ledgerTimeoutMs);
    if (!isRefusal(page)) {
      const details = { written: page.written };
      this.#events.add({ at: Date.now(), actor, action: "kv_rebuilt", keyId: null, details });
    }
    return page;
  }

  /** Touches storage, so that the answer is the true owner's. */
  ping(): { readonly ok: true } {
    this.#keys.hasAny();
    return { ok: true };
  }

  override async alarm(): Promise<void> {
    await this.#leases.settle(Date.now());
    await this.#issuing.cleanUp();
  }

  #shown(row: KeyRow): ApiKey {
    const use = this.#uses.unwritten(row.id);
    const used = use ? { last_used_at: use.lastUsedAt, use_count: row.use_count + use.count } : {};
    return toApiKey({ ...row, ...used }, Date.now());
  }
}

const REVOKED_ALREADY = { reason: "conflict", text: "The key is revoked" } as const;
