/**
 * Creating a key and rotating one: a new secret, whose text is in the answer and never again.
 *
 * Guarantees that a call with an `Idempotency-Key` is carried out once, that a key has at most one successor that is
 * valid, that a key which is revoked while it is being rotated gets none, and that an account gets at most
 * `NEW_KEYS_PER_MINUTE` keys in a minute.
 */

import type { IssuedKey, RotatedKey } from "../keys/api-key.ts";
import { isoTime, unixMsOrNull } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import { toApiKey } from "./api-key-view.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import type { KeyCreation } from "./key-creation.ts";
import type { KeyRow } from "./keys-schema.ts";
import { hasPassed, isRevoked } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, takeEffect } from "./ledger-context.ts";
import { mintSecret, type NewKey, newKeyRow, successorRow } from "./new-keys.ts";

/** Created and rotated, in one account. */
export const NEW_KEYS_PER_MINUTE = 50;
const MINUTE_MS = 60_000;

export class KeyIssuing {
  readonly #context: LedgerContext;
  readonly #creation: KeyCreation;
  readonly #answers: IdempotencyStore;
  readonly #leases: LeaseIssuer;

  constructor(context: LedgerContext, creation: KeyCreation, answers: IdempotencyStore, leases: LeaseIssuer) {
    this.#context = context;
    this.#creation = creation;
    this.#answers = answers;
    this.#leases = leases;
  }

  create(account: string, input: NewKey, caller: CallMetadata): Promise<IssuedKey | Refusal> {
    const { settings, events } = this.#context;
    return this.#answers.once("create", input, caller, async (save) => {
      const minted = await mintSecret(input.mode, account, settings.peppers[0]);
      const { secret } = minted;
      const sealedSecret = await this.#answers.seal(secret);
      const now = Date.now();
      // Checked here: a retry after the key has expired still gets its answer.
      if (hasPassed(unixMsOrNull(input.expires_at), now)) return EXPIRES_IN_THE_PAST;
      const tooMany = this.#refusedRate(now);
      if (tooMany) return tooMany;
      return await this.#creation.issue(newKeyRow(account, input, minted, now), (key) => {
        events.add({ at: now, actor: caller.actor, action: "created", keyId: key.id });
        const answer = toApiKey(key, now);
        save(answer, sealedSecret);
        return { ...answer, secret };
      });
    });
  }

  /**
   * Issues a successor with the same name, mode and permissions, and schedules the end of the old key. With no
   * overlap the old key is revoked, and the answer waits until that is in effect.
   */
  async rotate(oldId: string, overlapMs: number, caller: CallMetadata): Promise<RotatedKey | Refusal> {
    const answer = await this.#answers.once(`rotate ${oldId}`, { overlapMs }, caller, async (save) => {
      const { settings, keys } = this.#context;
      const existing = keys.issued(oldId);
      if (!existing) return { reason: "not_found" };
      const minted = await mintSecret(existing.mode, existing.account, settings.peppers[0]);
      const { secret } = minted;
      const sealedSecret = await this.#answers.seal(secret);
      const startedAt = Date.now();
      const old = keys.issued(oldId) as KeyRow;
      const refusal = this.#refusedRotation(old, startedAt) ?? this.#refusedRate(startedAt);
      if (refusal) return refusal;
      return await this.#creation.issue(successorRow(old, minted, startedAt), (successor) => {
        const now = Date.now();
        // Another call may have revoked or rotated the old key meanwhile.
        const current = keys.issued(oldId) ?? old;
        const late = this.#refusedRotation(current, now);
        if (late) {
          keys.undoIssue(successor.id);
          return late;
        }
        const replaced = this.#replace(current, successor.id, overlapMs, now, caller.actor);
        const answer = { ...toApiKey(successor, now), replaces: toApiKey(replaced, now) };
        save(answer, sealedSecret);
        return { ...answer, secret };
      });
    });
    if (overlapMs === 0 && "secret" in answer)
      await takeEffect(this.#context, this.#leases.waitMs(oldId, Date.now()));
    return answer;
  }

  /** Ends the old key, now or after the overlap but never later than it would have ended, with the events of both. */
  #replace(old: KeyRow, successorId: string, overlapMs: number, at: number, actor: Actor): KeyRow {
    const { keys, events } = this.#context;
    keys.setSuccessor(old.id, successorId);
    if (overlapMs === 0) {
      keys.revoke(old.id, at, this.#leases.timing(old.id, at));
      events.add({ at, actor, action: "revoked", keyId: old.id, details: { reason: "rotated" } });
    } else {
      const ends = [at + overlapMs, old.revokes_at, old.expires_at].filter((end) => end !== null);
      const end = this.#leases.scheduledEnd(old.id, old, at, Math.min(...ends));
      keys.schedule(old.id, end);
      events.add({ at, actor, action: "rotated", keyId: old.id, details: { revokes_at: isoTime(end) } });
    }
    events.add({ at, actor, action: "created", keyId: successorId, details: { replaces: old.id } });
    return keys.issued(old.id) as KeyRow;
  }

  /** A session or a program that has gone wrong cannot fill the account with keys. Imports are not limited. */
  #refusedRate(now: number): Refusal | null {
    const earliest = this.#context.keys.mintedAt(NEW_KEYS_PER_MINUTE - 1, now - MINUTE_MS);
    if (earliest === null) return null;
    return {
      reason: "too_many_new_keys",
      retryAfterSeconds: Math.ceil((earliest + MINUTE_MS - now) / 1000),
    };
  }

  /** Why a key gets no successor; null when it may have one. */
  #refusedRotation(old: KeyRow, now: number): Refusal | null {
    const conflict = (text: string) => ({ reason: "conflict", text }) as const;
    if (isRevoked(old, now)) return conflict("The key is revoked");
    if (hasPassed(old.expires_at, now)) return conflict("The key has expired");
    const successor = old.replaced_by === null ? undefined : this.#context.keys.issued(old.replaced_by);
    if (!successor || isRevoked(successor, now) || hasPassed(successor.expires_at, now)) return null;
    return conflict(`The key has been rotated already: its successor is ${successor.id}`);
  }
}

const EXPIRES_IN_THE_PAST = {
  reason: "invalid_input",
  details: { expires_at: "must be in the future" },
} as const;
