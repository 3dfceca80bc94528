/**
 * How the ledger gives leases with permits and how it revokes, in the order of `src/ledger/key-ledger.ts`, which only
 * the Workers runtime can load.
 *
 * The rules that it strings together are the real ones: `Leases`, which gives leases and knows when the
 * last one has ended, `PermitBook`, which has the permits, and `isRevoked`. What has nothing to do with these
 * is left out.
 */

import type { LeaseAnswer, PermitReport } from "../../../src/leases/protocol.ts";
import { isRevoked } from "../../../src/ledger/api-key-view.ts";
import type { KeyRow, KeysTable } from "../../../src/ledger/keys-table.ts";
import type { KeyState } from "../../../src/ledger/lease-book.ts";
import { LeaseIssuer } from "../../../src/ledger/lease-issuer.ts";
import type { MetadataTable } from "../../../src/ledger/metadata-table.ts";
import { PermitBook, type PermitStore } from "../../../src/ledger/permit-book.ts";
import type { Limits, WindowsMs } from "../../../src/rate-limits.ts";
import type { Settings } from "../../../src/settings.ts";

/** What a key's row says about leases. */
export interface LeaseRow extends KeyState {
  readonly effective_at: number | null;
  readonly lease_bound_ms: number | null;
}

/** What the Durable Object stands on: its clock, and its storage, which refuses an object that was superseded. */
export interface LedgerGround {
  /** Unix milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
  readonly keys: {
    issued(keyId: string): LeaseRow | undefined;
    change(keyId: string, columns: Partial<LeaseRow>): void;
  };
  readonly facts: {
    get(name: string): string | undefined;
    set(name: string, value: string | number): void;
  };
  readonly permits: PermitStore;
  /** Settles when all that was written is on disk. */
  sync(): Promise<void>;
  /** Sets the alarm. */
  wakeIn(ms: number): Promise<void>;
}

/** What a version of the ledger goes by. */
export type LedgerSettings = Pick<Settings, "leaseMs" | "leaseMaxMs" | "leaseMarginMs"> & {
  readonly grantsPerSecondMax: number;
};

/** What `revoke` answers, on the ledger's clock. */
export interface Receipt {
  readonly effectiveAt: number;
  readonly waitedMs: number;
  readonly boundMs: number;
}

/** The account's tier, as the numbers that it stands for. */
export const LIMITS = "limits";

export class LedgerRules {
  readonly #ground: LedgerGround;
  readonly #leases: LeaseIssuer;
  readonly #book: PermitBook;

  constructor(ground: LedgerGround, windowsMs: WindowsMs, settings: LedgerSettings) {
    this.#ground = ground;
    this.#book = new PermitBook(ground.permits, windowsMs);
    this.#leases = new LeaseIssuer(
      ground.keys as unknown as KeysTable,
      ground.facts as unknown as MetadataTable,
      settings as LedgerSettings & Settings,
      ground.now(),
      ground.wakeIn,
      settings.grantsPerSecondMax,
    );
  }

  /** What the alarm does. */
  settle(): Promise<void> {
    return this.#leases.settle(this.#ground.now());
  }

  lease(keyId: string, holder: string, reports: readonly PermitReport[]): LeaseAnswer {
    const now = this.#ground.now();
    const answer = this.#leases.grant(keyId, now);
    if (!answer.granted) return answer;
    const limits = this.#limits;
    const permits = limits && this.#book.grant(keyId, limits, holder, reports, now, 2 * answer.ttl_ms);
    return { ...answer, permits };
  }

  /** null: unlimited. */
  setLimits(limits: Limits | null): void {
    this.#ground.facts.set(LIMITS, JSON.stringify(limits));
  }

  get #limits(): Limits | null {
    return JSON.parse(this.#ground.facts.get(LIMITS) ?? "null");
  }

  /** `changeKey` with a `revokes_at`; null takes the schedule back. Returns when the key will end. */
  scheduleRevocation(keyId: string, asked: number | null): number | null | "conflict" {
    const row = this.#ground.keys.issued(keyId);
    if (!row || isRevoked(row as KeyRow, this.#ground.now())) return "conflict";
    const end = asked === null ? null : this.#leases.effectiveAt(keyId, asked).at;
    this.#ground.keys.change(keyId, { revokes_at: end });
    return end;
  }

  /** Returns when the key is dead everywhere. */
  async revokeKey(keyId: string): Promise<Receipt> {
    const row = this.#ground.keys.issued(keyId);
    if (!row) throw new Error("no such key");
    if (row.revoked_at === null) this.#revoke(keyId, row);

    await this.#ground.sync();
    await this.#waitUntil(this.#leases.leasesExpireAt(keyId));
    return receiptOf(this.#ground.keys.issued(keyId) ?? row);
  }

  /** Also when a schedule has passed: on the clock of the machine after a restart it may not have. */
  #revoke(keyId: string, row: LeaseRow): void {
    const now = this.#ground.now();
    const hasEnded = isRevoked(row as KeyRow, now);
    const { at, boundMs } = hasEnded
      ? { at: row.revokes_at, boundMs: 0 }
      : this.#leases.effectiveAt(keyId, now);
    this.#ground.keys.change(keyId, {
      revoked_at: hasEnded ? row.revokes_at : now,
      effective_at: at,
      lease_bound_ms: boundMs,
    });
  }

  async #waitUntil(moment: number): Promise<void> {
    const leftMs = () => moment - this.#ground.now();
    while (leftMs() > 0) await this.#ground.wait(leftMs());
  }
}

function receiptOf({ revoked_at, effective_at, lease_bound_ms }: LeaseRow): Receipt {
  if (revoked_at === null || effective_at === null || lease_bound_ms === null) throw new Error("not revoked");
  return { effectiveAt: effective_at, waitedMs: effective_at - revoked_at, boundMs: lease_bound_ms };
}
