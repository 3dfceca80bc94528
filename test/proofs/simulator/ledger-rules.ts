/**
 * How the ledger grants leases with permits and revokes keys, in the order of `src/ledger/key-ledger.ts`, which loads in
 * the Workers runtime only.
 *
 * The rules themselves are the real ones: `LeaseIssuer`, which grants leases and knows when the last one expires,
 * `PermitBook`, which grants permits, and `isRevoked`. Everything else is left out.
 */

import type { LeaseAnswer, PermitReport, Terms } from "../../../src/leases/protocol.ts";
import { isRevoked, type LeaseColumns } from "../../../src/ledger/lease-book.ts";
import { LeaseIssuer } from "../../../src/ledger/lease-issuer.ts";
import type { MetadataTable } from "../../../src/ledger/metadata-table.ts";
import { type KeyLimits, PermitBook } from "../../../src/ledger/permit-book.ts";
import type { PermitStore } from "../../../src/ledger/permit-windows.ts";
import type { Limits } from "../../../src/rate-limits.ts";
import type { Settings } from "../../../src/settings.ts";
import type { LimitPlan } from "./scenario.ts";
import { type AccountRow, NARROW, TERMS_CHANGES, type TermsChange } from "./terms-changes.ts";

/** The columns of a key's row that decide on leases. */
export interface LeaseRow extends LeaseColumns {
  readonly effective_at: number | null;
  readonly lease_bound_ms: number | null;
  /** Empty: full access. */
  readonly permissions: Terms["permissions"];
  readonly allowed_ips: Terms["allowed_ips"];
}

/** What the runtime gives a Durable Object: a clock, an alarm, and storage that rejects a superseded object. */
export interface LedgerRuntime {
  /** Unix milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
  readonly keys: {
    issued(keyId: string): LeaseRow | undefined;
    change(keyId: string, columns: Partial<LeaseRow>): void;
  };
  readonly metadata: Pick<MetadataTable, "get" | "set">;
  readonly permits: PermitStore;
  /** Resolves when all writes are on disk. */
  sync(): Promise<void>;
}

/** The settings of one version of the ledger. */
export type LedgerSettings = Pick<Settings, "leaseMs" | "leaseMaxMs" | "leaseMarginMs"> & {
  readonly grantsPerSecondMax: number;
};

/** The answer to `revoke`, on the ledger's clock. */
export interface Receipt {
  readonly effectiveAt: number;
  readonly waitedMs: number;
  readonly boundMs: number;
}

/** Metadata row: the limits of the account's tier. */
export const LIMITS_ROW = "limits";

/** Metadata row: the account's own terms. */
const ACCOUNT_ROW = "account";

const NEW_ACCOUNT: AccountRow = { suspended_at: null, allowed_ips: [] };

/** As it is on disk. */
export function accountOf(metadata: Pick<ReadonlyMap<string, unknown>, "get">): AccountRow {
  return (metadata.get(ACCOUNT_ROW) ?? NEW_ACCOUNT) as AccountRow;
}

export class LedgerRules {
  readonly #runtime: LedgerRuntime;
  readonly #leases: LeaseIssuer;
  readonly #book: PermitBook;
  readonly #accountLimits: Limits | null;

  constructor(
    runtime: LedgerRuntime,
    { windowsMs, accountLimits }: Pick<LimitPlan, "windowsMs" | "accountLimits">,
    settings: LedgerSettings,
  ) {
    this.#runtime = runtime;
    this.#book = new PermitBook(runtime.permits, windowsMs);
    this.#accountLimits = accountLimits;
    const { metadata } = runtime;
    this.#leases = new LeaseIssuer(metadata, settings, runtime.now(), settings.grantsPerSecondMax);
  }

  /** What the ledger's clock reads. */
  now(): number {
    return this.#runtime.now();
  }

  lease(keyId: string, holder: string, reports: readonly PermitReport[]): LeaseAnswer {
    const now = this.#runtime.now();
    const row = this.#runtime.keys.issued(keyId);
    const { suspended_at, allowed_ips: account_allowed_ips } = this.#account;
    const key = row && suspended_at !== null ? { ...row, suspended_at } : row;
    const answer = this.#leases.grant(keyId, key, now);
    if (!answer.granted) return answer;
    const { permissions = NARROW, allowed_ips = [] } = row ?? {};
    const terms = { permissions, allowed_ips, account_allowed_ips };
    const call = { keyId, holder, reports, leaseMs: answer.ttl_ms };
    const permits = this.#book.grant(this.#limits, call, now);
    return { ...answer, terms, permits };
  }

  /** null: unlimited. */
  setLimits(limits: Limits | null): void {
    this.#runtime.metadata.set(LIMITS_ROW, limits);
  }

  get #account(): AccountRow {
    return accountOf(this.#runtime.metadata);
  }

  get #limits(): KeyLimits {
    const key = (this.#runtime.metadata.get(LIMITS_ROW) ?? null) as Limits | null;
    return { key, account: this.#accountLimits };
  }

  /** `changeKey` with a `revokes_at`; null withdraws the schedule. Returns when that is in effect. */
  async scheduleRevocation(keyId: string, end: number | null): Promise<"scheduled" | "conflict"> {
    const row = this.#runtime.keys.issued(keyId);
    const now = this.#runtime.now();
    if (!row || isRevoked(row, now) || (end !== null && end <= now)) return "conflict";
    const isSooner = end !== null && (row.revokes_at === null || end < row.revokes_at);
    const isRepeated = end === row.revokes_at;
    const waitMs = end === null || !(isSooner || isRepeated) ? 0 : this.#leases.waitMsForEnd(keyId, now, end);
    this.#runtime.keys.change(keyId, { revokes_at: end });
    await this.#takeEffect(waitMs);
    return "scheduled";
  }

  /** `suspendKey`, `resumeKey`, `changeKey` and the same of the account. Returns when that is in effect. */
  async changeTerms(keyId: string, change: TermsChange): Promise<void> {
    const { keys, metadata } = this.#runtime;
    const row = keys.issued(keyId);
    if (!row) throw new Error("no such key");
    const now = this.#runtime.now();
    const { key, account, forbids: restricts } = TERMS_CHANGES[change];
    const leasesMs = account ? this.#leases.waitMsForAll(now) : this.#leases.waitMs(keyId, now);
    const waitMs = restricts ? leasesMs : 0;
    if (key) keys.change(keyId, key(row, now));
    if (account) metadata.set(ACCOUNT_ROW, { ...this.#account, ...account(this.#account, now) });
    await this.#takeEffect(waitMs);
  }

  /** Returns when the key is revoked everywhere. */
  async revokeKey(keyId: string): Promise<Receipt> {
    const row = this.#runtime.keys.issued(keyId);
    if (!row) throw new Error("no such key");
    const now = this.#runtime.now();
    if (row.revoked_at === null) this.#revoke(keyId, now, row);
    await this.#takeEffect(this.#leases.waitMs(keyId, now));
    this.#leases.forget(keyId);
    return receiptOf(this.#runtime.keys.issued(keyId) ?? row);
  }

  /** Writes a tombstone even after a scheduled end: after a restart with another clock the end may lie ahead again. */
  #revoke(keyId: string, now: number, row: LeaseRow): void {
    const hasEnded = isRevoked(row, now);
    const { effectiveAt, leaseBoundMs } = hasEnded
      ? { effectiveAt: row.revokes_at, leaseBoundMs: 0 }
      : this.#leases.timing(keyId, now);
    this.#runtime.keys.change(keyId, {
      revoked_at: hasEnded ? row.revokes_at : now,
      effective_at: effectiveAt,
      lease_bound_ms: leaseBoundMs,
    });
  }

  /** `takeEffect` of `ledger-context.ts`. */
  async #takeEffect(waitMs: number): Promise<void> {
    const waited = waitMs > 0 ? this.#runtime.wait(waitMs + 1) : null;
    await this.#runtime.sync();
    await waited;
  }
}

function receiptOf({ revoked_at, effective_at, lease_bound_ms }: LeaseRow): Receipt {
  if (revoked_at === null || effective_at === null || lease_bound_ms === null) throw new Error("not revoked");
  return { effectiveAt: effective_at, waitedMs: effective_at - revoked_at, boundMs: lease_bound_ms };
}
