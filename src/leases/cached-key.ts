/**
 * A key in an isolate's memory: its lease, and its record, which the ledger sends with its first answer.
 *
 * Guarantees that a key is refused, for requests in flight too, as soon as KV and its ledger are known to disagree
 * about it. A KV that has not answered, or has no record, does not disagree.
 */
import type { FoundKey } from "../keys/find-key.ts";
import { isSameRecord, type KeyRecord } from "../keys/key-record.ts";
import type { FoundRecord } from "../keys/key-store.ts";
import type { Schedule } from "../keys/time-limit.ts";
import { Lease } from "./lease.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { LeaseAnswer, LeaseRequest } from "./protocol.ts";

/** How often KV is read again for a key that it contradicts. */
const REREAD_MS = 1000;

/** A signed assertion of a key's identity. */
export interface SignedIdentity {
  readonly jwt: string;
  /** Unix milliseconds. */
  readonly signedAt: number;
  /** The permissions that it states. */
  readonly scope: string;
}

/** Calls the key's ledger; rejects when it fails, or has not answered within `limitMs`. */
export type CallKeyLedger = (
  request: LeaseRequest,
  limitMs: number,
  schedule: Schedule,
) => Promise<LeaseAnswer>;

export class CachedKey {
  readonly found: FoundKey;
  readonly lease: Lease;
  /** The last assertion signed for it. */
  assertion: SignedIdentity | null = null;
  #isContradicted = false;
  #record: KeyRecord | null = null;
  #inKv: FoundRecord;
  /** When KV may be read again about a contradicted key, on the isolate's clock. */
  #rereadFrom = Number.NEGATIVE_INFINITY;

  constructor(found: FoundKey, callLedger: CallKeyLedger, clock: LeaseClock, timeLimitMs: number) {
    this.found = found;
    this.#inKv = found.record ?? "missing";
    this.lease = new Lease(
      async (report, limitMs, schedule) => {
        const account = this.#record?.account ?? found.record?.account ?? null;
        const wants_record = this.#record === null;
        const answer = await callLedger(
          { ...report, hash: found.hash, account, wants_record },
          limitMs,
          schedule,
        );
        this.#applyAnswer(answer);
        return answer;
      },
      clock,
      timeLimitMs,
    );
  }

  /** null: the ledger has not answered yet, or does not have the key. */
  get record(): KeyRecord | null {
    return this.#record;
  }

  /** Whether KV and the ledger disagree about the key: it is refused. */
  get isContradicted(): boolean {
    return this.#isContradicted;
  }

  /** Whether KV may be read again about a contradicted key: at most once in `REREAD_MS`. */
  startReread(now: number): boolean {
    if (now < this.#rereadFrom) return false;
    this.#rereadFrom = now + REREAD_MS;
    return true;
  }

  /** Whether the answer of KV, corrupt or another key's record, disagrees with the record of the ledger. */
  contradicts(inKv: FoundRecord): boolean {
    if (this.#record === null || inKv === "missing") return false;
    return inKv === "corrupt" || !isSameRecord(this.#record, inKv);
  }

  /** The answer of KV, before or after the ledger's. */
  applyKvRecord(inKv: FoundRecord): void {
    this.#inKv = inKv;
    this.#refuseContradicted();
  }

  #applyAnswer({ granted, record }: LeaseAnswer): void {
    if (this.#record !== null) return;
    if (granted && !record) throw new TypeError("the ledger granted a lease without the key's record");
    this.#record = record ?? null;
    this.#refuseContradicted();
  }

  #refuseContradicted(): void {
    const inKv = this.#inKv;
    this.#isContradicted = this.contradicts(inKv);
    if (this.#isContradicted) this.lease.refuse("corrupt_record");
    // Keeps one of two equal records, to save memory.
    else if (this.#record !== null && typeof inKv === "object") this.#record = inKv;
  }
}

/** A key whose record is known, as it is under every lease. */
export type KnownKey = CachedKey & { readonly record: KeyRecord };

export function isKnown(key: CachedKey): key is KnownKey {
  return key.record !== null;
}
