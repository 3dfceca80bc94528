/**
 * A key in an isolate's memory: its lease, and its record as the ledger gives it with the first answer.
 *
 * Guarantees that a key about which KV contradicts its ledger is refused from the moment that both are known, also
 * for requests in flight. KV that has not answered, or has no record, contradicts nothing.
 */
import type { FoundKey } from "../keys/find-key.ts";
import { isSameRecord, type KeyRecord } from "../keys/key-record.ts";
import type { FoundRecord } from "../keys/key-store.ts";
import type { Schedule } from "../keys/time-limit.ts";
import { Lease } from "./lease.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { LeaseAnswer, LeaseRequest } from "./protocol.ts";

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
  /** KV and the ledger say different things about it: it is refused. */
  isContradicted = false;
  #record: KeyRecord | null = null;
  #inKv: FoundRecord;
  /** Contradicted: when KV may be read again, on the isolate's clock. */
  rereadFrom = Number.NEGATIVE_INFINITY;

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

  /** null: the ledger has not answered yet, or does not know the key. */
  get record(): KeyRecord | null {
    return this.#record;
  }

  /** Whether this is another key's record, or none at all, to a ledger that has said which key it is. */
  contradicts(inKv: FoundRecord): boolean {
    if (this.#record === null || inKv === "missing") return false;
    return inKv === "corrupt" || !isSameRecord(this.#record, inKv);
  }

  /** What KV says, whenever it says it. */
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
    this.isContradicted = this.contradicts(inKv);
    if (this.isContradicted) this.lease.refuse("corrupt_record");
    // Of two equal records one is kept.
    else if (this.#record !== null && typeof inKv === "object") this.#record = inKv;
  }
}

/** A key whose record is known, as it is under every lease. */
export type KnownKey = CachedKey & { readonly record: KeyRecord };

export function isKnown(key: CachedKey): key is KnownKey {
  return key.record !== null;
}
