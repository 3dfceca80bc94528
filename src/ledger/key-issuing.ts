/**
 * Creating a key and rotating one: a new secret, which only the answer contains.
 *
 * Guarantees that a call with an `Idempotency-Key` is carried out once; that a key has at most one valid successor, and
 * no new one if it is revoked or suspended during its rotation; that an account gets at most `NEW_KEYS_PER_MINUTE` keys
 * in a minute, and only keys that its policy allows.
 */

import type { ChangedKey, IssuedKey, RotatedKey } from "../keys/api-key.ts";
import { hasPassed } from "../keys/key-state.ts";
import { isoTime, unixMsOrNull } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import { toApiKey, withReceipt } from "./api-key-view.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import type { KeyCreation } from "./key-creation.ts";
import { endsSooner, latestEnd, permissionsOf, policyProblems, tooManyActiveKeys } from "./key-terms.ts";
import type { KeyRow } from "./keys-schema.ts";
import { CLOCK_STEP_MAX_MS, isRevoked } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, takeEffect } from "./ledger-context.ts";
import { mintSecret, type NewKey, newKeyRow, successorRow } from "./new-keys.ts";

/** By creations and rotations, in one account. */
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

  create(accountName: string, input: NewKey, caller: CallMetadata): Promise<IssuedKey | Refusal> {
    const { settings, events, account } = this.#context;
    return this.#answers.once("create", input, caller, async (save) => {
      const minted = await mintSecret(input.mode, accountName, settings.peppers[0]);
      const { secret } = minted;
      const sealedSecret = await this.#answers.seal(secret);
      const now = Date.now();
      const expiresAt = unixMsOrNull(input.expires_at);
      // Not checked before: a retry after the key has expired still gets its answer.
      if (hasPassed(expiresAt, now)) return EXPIRES_IN_THE_PAST;
      const checked = { permissions: input.permissions, createdAt: now, expiresAt };
      const problems = policyProblems(account.row.policy, checked);
      if (problems) return { reason: "invalid_input", details: problems };
      const tooMany = this.#refuseRate(now) ?? this.#refuseCount(now, null);
      if (tooMany) return tooMany;
      return await this.#creation.issue(
        newKeyRow(accountName, input, minted, now, caller.actor.name),
        (key) => {
          events.add({ at: now, actor: caller.actor, action: "created", keyId: key.id });
          const answer = toApiKey(key, now, account.isSuspended);
          save(answer, sealedSecret);
          return { ...answer, secret };
        },
      );
    });
  }

  /**
   * Issues a successor with the same name, mode, terms and labels, and schedules the end of the old key. With no
   * overlap the old key is revoked. The answer waits until the end of the old key is in effect.
   */
  async rotate(oldId: string, overlapMs: number, caller: CallMetadata): Promise<RotatedKey | Refusal> {
    const answer = await this.#answers.once(`rotate ${oldId}`, { overlapMs }, caller, async (save) => {
      const { settings, keys, account } = this.#context;
      const existing = keys.issued(oldId);
      if (!existing) return { reason: "not_found" };
      const minted = await mintSecret(existing.mode, existing.account, settings.peppers[0]);
      const { secret } = minted;
      const sealedSecret = await this.#answers.seal(secret);
      const startedAt = Date.now();
      const old = keys.issued(oldId) as KeyRow;
      const refusal =
        this.#refuseRotation(old, startedAt) ??
        this.#refuseRate(startedAt) ??
        this.#refuseCount(startedAt, old);
      if (refusal) return refusal;
      const latest = latestEnd(account.row.policy, startedAt);
      const row = successorRow(old, minted, startedAt, caller.actor.name, latest);
      return await this.#creation.issue(row, (successor) => {
        const now = Date.now();
        // Another call may have revoked or rotated the old key meanwhile.
        const current = keys.issued(oldId) ?? old;
        const late = this.#refuseRotation(current, now);
        if (late) {
          keys.undoIssue(successor.id);
          return late;
        }
        const replaced = this.#replace(current, successor.id, overlapMs, now, caller.actor);
        const answer = { ...toApiKey(successor, now, account.isSuspended), replaces: replaced };
        save(answer, sealedSecret);
        return { ...answer, secret };
      });
    });
    if ("secret" in answer) await this.#whenEnded(answer.replaces, Date.now());
    return answer;
  }

  /** Ends the old key, now or after the overlap but never later than it would have ended, with the events of both. */
  #replace(old: KeyRow, successorId: string, overlapMs: number, at: number, actor: Actor): ChangedKey {
    const { keys, events, account } = this.#context;
    keys.setSuccessor(old.id, successorId);
    let effectiveAt: number | null;
    if (overlapMs === 0) {
      const timing = this.#leases.timing(old.id, at);
      keys.revoke(old.id, at, timing);
      events.add({ at, actor, action: "revoked", keyId: old.id, details: { reason: "rotated" } });
      effectiveAt = timing.effectiveAt;
    } else {
      const ends = [at + overlapMs, old.revokes_at, old.expires_at].filter((end) => end !== null);
      const end = Math.min(...ends);
      effectiveAt = endsSooner(old.revokes_at, end) ? at + this.#leases.waitMsForEnd(old.id, at, end) : null;
      keys.change(old.id, "revokes_at", end);
      if (effectiveAt !== null) keys.setRestriction(old.id, { at, effectiveAt });
      events.add({ at, actor, action: "rotated", keyId: old.id, details: { revokes_at: isoTime(end) } });
    }
    events.add({ at, actor, action: "created", keyId: successorId, details: { replaces: old.id } });
    const replaced = toApiKey(keys.issued(old.id) as KeyRow, at, account.isSuspended);
    return effectiveAt === null ? replaced : withReceipt(replaced, { at, effectiveAt });
  }

  /** Waits for the end of the old key: an answer that is repeated may come while the first call still waits. */
  async #whenEnded({ id, effective_at }: ChangedKey, now: number): Promise<void> {
    if (effective_at === undefined || now >= Date.parse(effective_at) + CLOCK_STEP_MAX_MS) return;
    await takeEffect(this.#context, this.#leases.waitMs(id, now));
  }

  /** Why the account gets no further key; null when it may have one. `replaced`: the key that stops being active. */
  #refuseCount(now: number, replaced: KeyRow | null): Refusal | null {
    const { account, listing } = this.#context;
    const { max_active_keys: max } = account.row.policy;
    if (max === null) return null;
    const kept = listing.activeCount(now) - (replaced !== null && replaced.revokes_at === null ? 1 : 0);
    return kept < max ? null : { reason: "conflict", text: tooManyActiveKeys(max) };
  }

  /** A faulty program or a stolen session cannot fill the account with keys. Imports are not limited. */
  #refuseRate(now: number): Refusal | null {
    const earliest = this.#context.listing.mintedAt(NEW_KEYS_PER_MINUTE - 1, now - MINUTE_MS);
    if (earliest === null) return null;
    return {
      reason: "too_many_new_keys",
      retryAfterSeconds: Math.ceil((earliest + MINUTE_MS - now) / 1000),
    };
  }

  /** Why a key gets no successor; null when it may have one. */
  #refuseRotation(old: KeyRow, now: number): Refusal | null {
    const conflict = (text: string) => ({ reason: "conflict", text }) as const;
    if (isRevoked(old, now)) return conflict("The key is revoked");
    if (hasPassed(old.expires_at, now)) return conflict("The key has expired");
    if (old.suspended_at !== null) return conflict("The key is suspended: resume it first");
    if (this.#context.account.row.policy.require_permissions && permissionsOf(old).length === 0)
      return conflict("The key has full access: give it permissions first (policy require_permissions)");
    const successor = old.replaced_by === null ? undefined : this.#context.keys.issued(old.replaced_by);
    if (!successor || isRevoked(successor, now) || hasPassed(successor.expires_at, now)) return null;
    return conflict(`The key has been rotated already: its successor is ${successor.id}`);
  }
}

const EXPIRES_IN_THE_PAST = {
  reason: "invalid_input",
  details: { expires_at: "must be in the future" },
} as const;
