/**
 * The answers to calls with an `Idempotency-Key`, kept for 24 hours.
 *
 * Guarantees that a retry after a lost answer gets the same answer and never issues a second key. A secret in an answer
 * is kept sealed, for ten minutes, and given to the credential of the first call only: others may guess an
 * `Idempotency-Key`. Each repeat of an answer with a secret is an event. Refusals are not kept: a retry runs the call
 * again.
 */

import { firstUnderPeppers } from "../keys/digests.ts";
import { hashKey } from "../keys/key-text.ts";
import type { Refusal } from "../refusals.ts";
import type { CurrentFirst } from "../settings.ts";
import type { Actor, EventsTable } from "./events-table.ts";
import { openSecret, sealSecret } from "./sealed-secret.ts";

const ANSWER_KEPT_MS = 86_400_000;
/** Long enough for the retries of a lost answer. */
export const SECRET_KEPT_MS = 600_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS answers (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    credential TEXT NOT NULL,
    has_secret INTEGER NOT NULL,
    sealed_secret BLOB
  ) STRICT;
  CREATE INDEX IF NOT EXISTS answers_by_age ON answers (at);
`;

/** Who calls, and with which `Idempotency-Key`. */
export interface CallMetadata {
  readonly actor: Actor;
  /** Identifies the credential of the call, without being one. */
  readonly credential: string;
  readonly idempotencyKey: string | null;
}

/** Keeps an answer, in the transaction that makes it true. A no-op for a call without an `Idempotency-Key`. */
export type SaveAnswer = (answer: object, sealedSecret: ArrayBuffer | null) => void;

type AnswerRow = {
  fingerprint: string;
  at: number;
  answer: string;
  credential: string;
  has_secret: number;
  sealed_secret: ArrayBuffer | null;
};

export class IdempotencyStore {
  readonly #sql: SqlStorage;
  readonly #peppers: CurrentFirst;
  readonly #events: EventsTable;
  readonly #scheduleAlarm: (at: number) => Promise<void>;
  /** The names of calls in progress. */
  readonly #inProgress = new Set<string>();

  constructor(
    sql: SqlStorage,
    peppers: CurrentFirst,
    events: EventsTable,
    scheduleAlarm: (at: number) => Promise<void>,
  ) {
    this.#sql = sql;
    this.#peppers = peppers;
    this.#events = events;
    this.#scheduleAlarm = scheduleAlarm;
    sql.exec(SCHEMA);
  }

  /** Carries out `work`, once per `Idempotency-Key`; a repeated call gets the kept answer. */
  async once<Answer extends object>(
    operation: string,
    input: unknown,
    caller: CallMetadata,
    work: (save: SaveAnswer) => Promise<Answer | Refusal>,
  ): Promise<Answer | Refusal> {
    const { idempotencyKey: name, credential } = caller;
    if (name === null) return await work(() => {});
    const request = JSON.stringify([operation, input]);
    const kept = this.#row(name, Date.now());
    if (kept) return await this.#repeat<Answer>(kept, request, caller);

    if (this.#inProgress.has(name)) return { reason: "in_progress" };
    this.#inProgress.add(name);
    try {
      const fingerprint = await hashKey(request, this.#peppers[0]);
      await this.#scheduleAlarm(Date.now() + SECRET_KEPT_MS);
      return await work((answer, sealedSecret) =>
        this.#save(name, fingerprint, credential, answer, sealedSecret),
      );
    } finally {
      this.#inProgress.delete(name);
    }
  }

  /**
   * The answer kept under the name, with its secret the first time and null from then on; null: no such answer. The
   * sealed secret is deleted before it is opened, so two calls at once do not both get it. The name is the credential.
   */
  async takeSecret(name: string, now: number): Promise<object | null> {
    const row = this.#row(name, now);
    if (!row) return null;
    this.#sql.exec("UPDATE answers SET sealed_secret = NULL WHERE name = ?", name);
    const sealed = isSecretKept(row, now) ? row.sealed_secret : null;
    const secret = sealed && (await openSecret(sealed, this.#peppers));
    return { ...(JSON.parse(row.answer) as object), secret };
  }

  seal(secret: string): Promise<ArrayBuffer> {
    return sealSecret(secret, this.#peppers[0]);
  }

  /** Deletes secrets older than ten minutes and answers older than 24 hours, and schedules the next deletion. */
  async deleteExpired(now: number): Promise<void> {
    this.#sql.exec("DELETE FROM answers WHERE at <= ?", now - ANSWER_KEPT_MS);
    this.#sql.exec(
      "UPDATE answers SET sealed_secret = NULL WHERE sealed_secret IS NOT NULL AND at <= ?",
      now - SECRET_KEPT_MS,
    );
    const { answer, secret } = this.#sql
      .exec<{ answer: number | null; secret: number | null }>(
        "SELECT MIN(at) AS answer, MIN(at) FILTER (WHERE sealed_secret IS NOT NULL) AS secret FROM answers",
      )
      .one();
    if (secret !== null) await this.#scheduleAlarm(secret + SECRET_KEPT_MS);
    else if (answer !== null) await this.#scheduleAlarm(answer + ANSWER_KEPT_MS);
  }

  /** The kept answer, when it belongs to the same request and its secret may still be given to this caller. */
  async #repeat<Answer extends object>(
    row: AnswerRow,
    request: string,
    { actor, credential }: CallMetadata,
  ): Promise<Answer | Refusal> {
    const isSame = await firstUnderPeppers(this.#peppers, async (pepper) =>
      row.fingerprint === (await hashKey(request, pepper)) ? true : null,
    );
    if (!isSame) return USED_FOR_ANOTHER_REQUEST;
    const answer = JSON.parse(row.answer) as Answer & { readonly id?: string };
    if (!row.has_secret) return answer;
    const now = Date.now();
    const isGiven = isSecretKept(row, now) && row.credential === credential;
    const keyId = answer.id ?? "";
    const details = { secret: isGiven ? "given" : "withheld" };
    this.#events.add({ at: now, actor, action: "answer_repeated", keyId, details });
    if (!isGiven || row.sealed_secret === null) return { reason: "secret_withheld", keyId };
    return { ...answer, secret: await openSecret(row.sealed_secret, this.#peppers) };
  }

  #row(name: string, now: number): AnswerRow | undefined {
    return this.#sql
      .exec<AnswerRow>("SELECT * FROM answers WHERE name = ? AND at > ?", name, now - ANSWER_KEPT_MS)
      .toArray()[0];
  }

  /** `fingerprint`: keyed, since a request may contain the SHA-256 of imported keys. */
  #save(
    name: string,
    fingerprint: string,
    credential: string,
    answer: object,
    sealedSecret: ArrayBuffer | null,
  ): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO answers (name, fingerprint, at, answer, credential, has_secret, sealed_secret)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      name,
      fingerprint,
      Date.now(),
      JSON.stringify(answer),
      credential,
      sealedSecret === null ? 0 : 1,
      sealedSecret,
    );
  }
}

function isSecretKept({ at, sealed_secret }: AnswerRow, now: number): boolean {
  return sealed_secret !== null && at > now - SECRET_KEPT_MS;
}

const USED_FOR_ANOTHER_REQUEST = {
  reason: "invalid_input",
  details: { "Idempotency-Key": "was used for another request" },
} as const;
