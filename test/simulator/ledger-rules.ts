/**
 * How the ledger gives leases with permits and how it revokes, in the order of `src/ledger/key-ledger.ts`, which only
 * the Workers runtime can load.
 *
 * The rules that it strings together are the real ones: `Leases`, which gives leases and knows when the
 * last one has ended, `PermitBook`, which has the permits, and `isRevoked`. What has nothing to do with these
 * is left out.
 */
import type { Settings } from "../../src/bindings.ts";
import type { LeaseAnswer } from "../../src/keys/lease.ts";
import type { KeyState } from "../../src/keys/lease-book.ts";
import type { PermitReport } from "../../src/keys/permit-grants.ts";
import type { FactsTable } from "../../src/ledger/facts-table.ts";
import type { KeyRow, KeysTable } from "../../src/ledger/keys-table.ts";
import { Leases } from "../../src/ledger/leases.ts";
import { PermitBook, type PermitStore } from "../../src/ledger/permit-book.ts";
import { isRevoked } from "../../src/ledger/shown-key.ts";
import type { Limits, WindowsMs } from "../../src/rate-limits.ts";

/** What a key's row says about leases. */
export interface LeaseRow extends KeyState {
  readonly effective_at: number | null;
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
}

/** The account's tier, as the numbers that it stands for. */
export const LIMITS = "limits";

export class LedgerRules {
  readonly #ground: LedgerGround;
  readonly #leases: Leases;
  readonly #book: PermitBook;

  constructor(ground: LedgerGround, windowsMs: WindowsMs, leaseMs: number, leaseMarginMs: number) {
    this.#ground = ground;
    this.#book = new PermitBook(ground.permits, windowsMs);
    this.#leases = new Leases(
      ground.keys as unknown as KeysTable,
      ground.facts as unknown as FactsTable,
      { leaseMs, leaseMarginMs } as Settings,
      ground.now(),
    );
  }

  lease(keyId: string, holder: string, reports: readonly PermitReport[]): LeaseAnswer {
    const now = this.#ground.now();
    const answer = this.#leases.give(keyId, now);
    if (!answer.granted) return answer;
    const limits = this.#limits;
    const permits = limits && this.#book.give(keyId, limits, holder, reports, now, 2 * answer.ttl_ms);
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
    const end = asked === null ? null : this.#earliestEnd(keyId, asked);
    this.#ground.keys.change(keyId, { revokes_at: end });
    return end;
  }

  /** Returns from when on the key is dead everywhere, on the ledger's clock. */
  async revokeKey(keyId: string): Promise<number> {
    const row = this.#ground.keys.issued(keyId);
    if (!row) throw new Error("no such key");
    if (row.revoked_at === null) this.#revoke(keyId, row);

    await this.#ground.sync();
    await this.#waitUntil(this.#leases.endedBy(keyId));
    const effectiveAt = this.#ground.keys.issued(keyId)?.effective_at;
    if (typeof effectiveAt !== "number") throw new Error("not revoked");
    return effectiveAt;
  }

  /** Also when a schedule has passed: on the clock of the machine after a restart it may not have. */
  #revoke(keyId: string, row: LeaseRow): void {
    const now = this.#ground.now();
    const [revokedAt, effectiveAt] = isRevoked(row as KeyRow, now)
      ? [row.revokes_at, row.revokes_at]
      : [now, Math.max(now, this.#leases.endedBy(keyId))];
    this.#ground.keys.change(keyId, { revoked_at: revokedAt, effective_at: effectiveAt });
  }

  async #waitUntil(moment: number): Promise<void> {
    const leftMs = () => moment - this.#ground.now();
    while (leftMs() > 0) await this.#ground.wait(leftMs());
  }

  #earliestEnd(keyId: string, asked: number): number {
    return Math.max(asked, this.#leases.endedBy(keyId));
  }
}
