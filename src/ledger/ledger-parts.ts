/**
 * The parts of one ledger, built over its storage, and its alarm. It has no method that callers use: `PortalLedger` and
 * `KeyLedger`, which extend it, have them.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { isRefusal } from "../refusals.ts";
import { readSettings } from "../settings.ts";
import { AccountChanges } from "./account-changes.ts";
import { AccountLimits } from "./account-limits.ts";
import { AccountState } from "./account-state.ts";
import { AlarmSchedule } from "./alarm-schedule.ts";
import { BulkRevocation } from "./bulk-revocation.ts";
import { DailyUseTable } from "./daily-use-table.ts";
import { EventsTable } from "./events-table.ts";
import { IdempotencyStore } from "./idempotency-store.ts";
import { ImportClaims } from "./import-claims.ts";
import { KeyChanges } from "./key-changes.ts";
import { KeyCreation } from "./key-creation.ts";
import { KeyImport } from "./key-import.ts";
import { KeyIssuing } from "./key-issuing.ts";
import { KeyListing } from "./key-listing.ts";
import { KeyRevocation } from "./key-revocation.ts";
import { KeySuspension } from "./key-suspension.ts";
import { KeyUsage } from "./key-usage.ts";
import { KeysTable } from "./keys-table.ts";
import { LeaseIssuer } from "./lease-issuer.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { MetadataTable } from "./metadata-table.ts";
import { PortalAccess } from "./portal-access.ts";
import { openWebhooks, type Webhooks } from "./webhooks.ts";

export abstract class LedgerParts extends DurableObject<Env> {
  protected readonly context: LedgerContext;
  protected readonly keys: KeysTable;
  protected readonly events: EventsTable;
  protected readonly dailyUse: DailyUseTable;
  protected readonly usage: KeyUsage;
  protected readonly leases: LeaseIssuer;
  protected readonly limits: AccountLimits;
  protected readonly issuing: KeyIssuing;
  protected readonly import: KeyImport;
  protected readonly changes: KeyChanges;
  protected readonly suspension: KeySuspension;
  protected readonly revocation: KeyRevocation;
  protected readonly bulkRevocation: BulkRevocation;
  protected readonly accountChanges: AccountChanges;
  protected readonly metadata: MetadataTable;
  protected readonly portal: PortalAccess;
  readonly #answers: IdempotencyStore;
  readonly #creation: KeyCreation;
  readonly #alarm: AlarmSchedule;
  readonly #webhooks: Webhooks | null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const settings = readSettings(env);
    if (isRefusal(settings)) throw new Error(`invalid setting ${settings.setting}`);
    const { storage } = ctx;
    this.#alarm = new AlarmSchedule(storage);
    void ctx.blockConcurrencyWhile(() => this.#alarm.loaded);
    const scheduleAlarm = (at: number) => this.#alarm.schedule(at);
    this.metadata = new MetadataTable(storage.sql);
    this.keys = new KeysTable(storage.sql);
    this.events = new EventsTable(storage.sql);
    this.dailyUse = new DailyUseTable(storage.sql);
    const context = {
      storage,
      kv: env.API_KEYS,
      settings,
      keys: this.keys,
      listing: new KeyListing(storage.sql),
      account: new AccountState(this.metadata),
      events: this.events,
      claims: new ImportClaims(env.KEY_LEDGER, settings.ledgerTimeoutMs),
      scheduleAlarm,
    };
    this.context = context;
    this.usage = new KeyUsage(
      (keyId, use) => {
        this.dailyUse.beginDay(keyId, use.lastUsedAt);
        this.keys.addUsage(keyId, use.lastUsedAt, use.count);
      },
      (afterMs) => void scheduleAlarm(Date.now() + afterMs),
    );
    this.leases = new LeaseIssuer(this.metadata, settings, Date.now());
    this.limits = new AccountLimits(context, this.metadata);
    this.#answers = new IdempotencyStore(storage.sql, settings.peppers, this.events, scheduleAlarm);
    this.#creation = new KeyCreation(context);
    this.issuing = new KeyIssuing(context, this.#creation, this.#answers, this.leases);
    this.import = new KeyImport(context, this.#creation, this.#answers);
    this.changes = new KeyChanges(context, this.leases, this.limits);
    this.suspension = new KeySuspension(context, this.leases);
    this.revocation = new KeyRevocation(context, this.leases);
    this.bulkRevocation = new BulkRevocation(context, this.leases, this.metadata);
    this.accountChanges = new AccountChanges(context, this.leases, this.limits);
    this.portal = new PortalAccess(context, this.#answers);
    this.#webhooks = openWebhooks(context, this.metadata, Date.now());
  }

  /** Does everything that is due; each part schedules its next time. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#alarm.fired();
    this.usage.flush(now);
    this.#webhooks?.run(now);
    await this.#answers.deleteExpired(now);
    await this.#creation.cleanUp(now);
    await this.bulkRevocation.resume();
  }
}
