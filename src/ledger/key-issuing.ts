/**
 * Creating a key and rotating one: a new secret, whose text is in the answer and never again.
 *
 * Guarantees that a call with an `Idempotency-Key` is carried out once, and that a key which is revoked while it is
 * being rotated gets no successor.
 */

import type { IssuedKey, RotatedKey } from "../keys/api-key.ts";
import { isoTime, unixMsOrNull } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import { toApiKey } from "./api-key-view.ts";
import type { CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import type { KeyCreation } from "./key-creation.ts";
import type { KeyRow } from "./keys-table.ts";
import { hasPassed, isRevoked } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { mintedKey, type NewKey, successorOf } from "./new-keys.ts";

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
      const now = Date.now();
      // Checked here: a retry after the key has expired still gets its answer.
      if (hasPassed(unixMsOrNull(input.expires_at), now)) return EXPIRES_IN_THE_PAST;
      const { row, secret } = await mintedKey(account, input, now, settings.peppers[0]);
      const sealedSecret = await this.#answers.seal(secret);
      return await this.#creation.issue(row, (key) => {
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
      const old = keys.issued(oldId);
      if (!old) return { reason: "not_found" };
      const refusal = refusedRotation(old, Date.now());
      if (refusal) return refusal;

      const { row, secret } = await successorOf(old, Date.now(), settings.peppers[0]);
      const sealedSecret = await this.#answers.seal(secret);
      return await this.#creation.issue(row, (successor) => {
        const now = Date.now();
        const late = refusedRotation(keys.issued(oldId) ?? old, now);
        if (late) {
          keys.undoIssue(successor.id);
          return late;
        }
        const replaced = this.#replace(oldId, successor.id, overlapMs, now, caller.actor);
        const answer = { ...toApiKey(successor, now), replaces: toApiKey(replaced, now) };
        save(answer, sealedSecret);
        return { ...answer, secret };
      });
    });
    if (overlapMs === 0 && "secret" in answer)
      await this.#leases.waitUntil(this.#leases.leasesExpireAt(oldId));
    return answer;
  }

  /** Ends the old key, now or after the overlap, with the events of both keys. */
  #replace(oldId: string, successorId: string, overlapMs: number, at: number, actor: string): KeyRow {
    const { keys, events } = this.#context;
    const timing = this.#leases.effectiveAt(oldId, at + overlapMs);
    if (overlapMs === 0) {
      keys.revoke(oldId, at, timing);
      events.add({ at, actor, action: "revoked", keyId: oldId, details: { reason: "rotated" } });
    } else {
      keys.schedule(oldId, timing.effectiveAt);
      const details = { revokes_at: isoTime(timing.effectiveAt) };
      events.add({ at, actor, action: "rotated", keyId: oldId, details });
    }
    events.add({ at, actor, action: "created", keyId: successorId, details: { replaces: oldId } });
    return keys.issued(oldId) as KeyRow;
  }
}

const EXPIRES_IN_THE_PAST = {
  reason: "invalid_input",
  details: { expires_at: "must be in the future" },
} as const;

/** Why a key gets no successor; null when it may have one. */
function refusedRotation(old: KeyRow, now: number): Refusal | null {
  if (isRevoked(old, now)) return { reason: "conflict", text: "The key is revoked" };
  if (hasPassed(old.expires_at, now)) return { reason: "conflict", text: "The key has expired" };
  return null;
}
