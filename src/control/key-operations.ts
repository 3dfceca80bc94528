/**
 * Everything that can be done to keys, checked and carried out: what HTTP, RPC and the key page all call.
 *
 * Checks the input, asks the account's ledger, answers with plain data or a refusal. It holds no state and no
 * rule about keys of its own; those are the ledger's.
 */

import type { Env } from "../env.ts";
import type { Account, ApiKey, IssuedKey, LedgerEvent, RevokedKey, RotatedKey } from "../keys/api-key.ts";
import type { RecordFinder } from "../keys/find-record.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { check, checkAhead } from "./check-input.ts";
import {
  accountInput,
  type CallerInput,
  changeInput,
  eventListQuery,
  keyListQuery,
  newKeyInput,
  possessionInput,
  rebuildInput,
  revocationInput,
  revokeAllInput,
  rotationInput,
  tierInput,
} from "./control-input.ts";
import { checkHealth, type Health } from "./health.ts";
import { type ImportResult, importKeys } from "./import-keys.ts";
import { callMetadata, LedgerClient } from "./ledger-client.ts";
import { keyCursor, keyPosition, nextCursor, parseEventCursor, positionCursor } from "./page-cursor.ts";
import { PortalSessions } from "./portal-sessions.ts";

export interface KeyPage {
  readonly keys: ApiKey[];
  readonly next_cursor: string | null;
}

export interface EventPage {
  readonly events: LedgerEvent[];
  readonly next_cursor: string | null;
}

const SECOND_MS = 1000;

export class KeyOperations {
  readonly portal: PortalSessions;
  readonly #env: Env;
  readonly #settings: Settings;
  readonly #desk: LedgerClient;
  readonly #finder: RecordFinder;
  readonly #now: () => number;

  constructor(env: Env, settings: Settings, finder: RecordFinder, now: () => number) {
    this.portal = new PortalSessions(env, settings);
    this.#env = env;
    this.#settings = settings;
    this.#desk = new LedgerClient(env.KEY_LEDGER, settings);
    this.#finder = finder;
    this.#now = now;
  }

  createKey(account: string, input: unknown, caller: CallerInput): Promise<IssuedKey | Refusal> {
    return this.#desk.call(
      account,
      newKeyInput,
      input,
      caller,
      (ledger, key, by) => ledger.createKey(account, key, by),
      { writes: "a record" },
    );
  }

  listKeys(account: string, query: unknown): Promise<KeyPage | Refusal> {
    return this.#desk.call(account, keyListQuery, query, {}, async (ledger, { include, limit, cursor }) => {
      const after = keyPosition(cursor);
      if (isRefusal(after)) return after;
      const keys = await ledger.listKeys(limit, after.value, include === "revoked");
      if (!Array.isArray(keys)) return keys;
      return { keys, next_cursor: nextCursor(keys, limit, keyCursor) };
    });
  }

  getKey(account: string, keyId: string): Promise<ApiKey | Refusal> {
    return this.#desk.callUnchecked(account, (ledger) => ledger.getKey(keyId), { repeatable: true });
  }

  changeKey(account: string, keyId: string, input: unknown, caller: CallerInput): Promise<ApiKey | Refusal> {
    return this.#desk.call(account, changeInput, input, caller, (ledger, change, by) => {
      return (
        checkAhead({ revokes_at: change.revokes_at }, this.#now()) ?? ledger.changeKey(keyId, change, by)
      );
    });
  }

  revokeKey(
    account: string,
    keyId: string,
    input: unknown,
    caller: CallerInput,
  ): Promise<RevokedKey | Refusal> {
    return this.#desk.call(
      account,
      revocationInput,
      input,
      caller,
      (ledger, { reason }, by) => ledger.revokeKey(keyId, by, reason ?? null),
      // Revoking again gives the same answer, so it may be asked for twice.
      { repeatable: true, waitsForLeases: true },
    );
  }

  rotateKey(
    account: string,
    keyId: string,
    input: unknown,
    caller: CallerInput,
  ): Promise<RotatedKey | Refusal> {
    return this.#desk.call(
      account,
      rotationInput,
      input,
      caller,
      (ledger, { overlap_seconds }, by) => ledger.rotateKey(keyId, overlap_seconds * SECOND_MS, by),
      { waitsForLeases: true, writes: "a record" },
    );
  }

  revokeAll(
    account: string,
    input: unknown,
    caller: CallerInput,
  ): Promise<{ revoked: number; effective_at: string } | Refusal> {
    return this.#desk.call(
      account,
      revokeAllInput,
      input,
      caller,
      (ledger, { mode, created_before }, by) => {
        const createdBefore = created_before === undefined ? undefined : Date.parse(created_before);
        return ledger.revokeAll({ mode, createdBefore }, by);
      },
      { waitsForLeases: true, writes: "many" },
    );
  }

  async importKeys(account: string, input: unknown, caller: CallerInput): Promise<ImportResult | Refusal> {
    const checkedAccount = check(accountInput, account, "account");
    if (isRefusal(checkedAccount)) return checkedAccount;
    const by = callMetadata(caller);
    if (isRefusal(by)) return by;
    return await importKeys(this.#env.KEY_LEDGER, account, input, by);
  }

  listEvents(account: string, query: unknown): Promise<EventPage | Refusal> {
    return this.#desk.call(account, eventListQuery, query, {}, async (ledger, { limit, cursor }) => {
      const before = parseEventCursor(cursor);
      if (isRefusal(before)) return before;
      const events = await ledger.listEvents(limit, before.value);
      if (!Array.isArray(events)) return events;
      return { events, next_cursor: nextCursor(events, limit, ({ number }) => String(number)) };
    });
  }

  setTier(account: string, input: unknown, caller: CallerInput): Promise<Account | Refusal> {
    return this.#desk.call(account, tierInput, input, caller, (ledger, { tier }, by) =>
      ledger.setTier(account, tier, by),
    );
  }

  getAccount(account: string): Promise<Account | Refusal> {
    return this.#desk.callUnchecked(account, (ledger) => ledger.getAccount(account), { repeatable: true });
  }

  /** Writes an account's KV entries again from its ledger, a page at a time. */
  rebuildKv(
    account: string,
    input: unknown,
    caller: CallerInput,
  ): Promise<{ written: number; next_cursor: string | null } | Refusal> {
    return this.#desk.call(
      account,
      rebuildInput,
      input,
      caller,
      async (ledger, { limit, cursor }, by) => {
        const after = keyPosition(cursor);
        if (isRefusal(after)) return after;
        const page = await ledger.rebuildRecords(limit, after.value, by);
        if (isRefusal(page)) return page;
        return { written: page.written, next_cursor: page.next && positionCursor(page.next) };
      },
      { writes: "many" },
    );
  }

  async health(): Promise<Health | Refusal> {
    const health = await checkHealth(this.#env, this.#settings.ledgerTimeoutMs, this.#now);
    return health.status === "ok" ? health : { reason: "unhealthy", health: { ...health } };
  }

  /** Which key a text is. Whoever holds a key may know; nothing of it is kept. `address`: the client's. */
  async identifyKey(input: unknown, address: string): Promise<ApiKey | Refusal> {
    const checked = check(possessionInput, input);
    if (isRefusal(checked)) return checked;
    const record = await this.#finder.findLimited(checked.value.secret, address);
    return isRefusal(record) ? record : await this.getKey(record.account, record.id);
  }

  /**
   * Whoever holds a key may end it (RFC 7009 in spirit). The same answer whether the key existed or not; one
   * that cannot be reached is the truth, since the key may still work. `address`: the client's.
   */
  async revokeByPossession(input: unknown, address: string): Promise<Record<string, never> | Refusal> {
    const checked = check(possessionInput, input);
    if (isRefusal(checked)) return checked;
    const record = await this.#finder.findLimited(checked.value.secret, address);
    if (isRefusal(record)) {
      const { reason } = record;
      return reason === "store_unreachable" || reason === "too_many_look_ups" ? record : {};
    }
    const outcome = await this.revokeKey(record.account, record.id, {}, { actor: "possession" });
    return isRefusal(outcome) && outcome.reason !== "not_found" ? outcome : {};
  }
}
