/**
 * Answers to calls that carried an `Idempotency-Key`, kept for 24 hours: a retry after a lost answer gets the
 * same one and never issues a second key. A secret in an answer is kept sealed. A refusal is not kept, so its call
 * may be made again.
 */

import { firstUnderPeppers } from "../keys/digests.ts";
import { hashKey } from "../keys/key-text.ts";
import type { Refusal } from "../refusals.ts";
import type { CurrentFirst } from "../settings.ts";
import { openSecret, sealSecret } from "./sealed-secret.ts";

export const ANSWER_KEPT_MS = 86_400_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS answers (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    sealed_secret BLOB
  ) STRICT;
  CREATE INDEX IF NOT EXISTS answers_by_age ON answers (at);
`;

/** Who calls, and with which `Idempotency-Key`. */
export interface CallMetadata {
  readonly actor: string;
  readonly idempotencyKey: string | null;
}

/** Keeps an answer, in the transaction that makes it true. A no-op for a call without an `Idempotency-Key`. */
export type SaveAnswer = (answer: object, sealedSecret: ArrayBuffer | null) => void;

type AnswerRow = { fingerprint: string; answer: string; sealed_secret: ArrayBuffer | null };

export class IdempotencyStore {
  readonly #sql: SqlStorage;
  readonly #peppers: CurrentFirst;
  readonly #scheduleAlarm: (at: number) => Promise<void>;
  /** The names of calls in progress. */
  readonly #inProgress = new Set<string>();

  constructor(sql: SqlStorage, peppers: CurrentFirst, scheduleAlarm: (at: number) => Promise<void>) {
    this.#sql = sql;
    this.#peppers = peppers;
    this.#scheduleAlarm = scheduleAlarm;
    sql.exec(SCHEMA);
  }

  /** Carries out `work`, once per `Idempotency-Key`; a repeated call gets the kept answer. */
  async once<Answer extends object>(
    operation: string,
    input: unknown,
    { idempotencyKey: name }: CallMetadata,
    work: (save: SaveAnswer) => Promise<Answer | Refusal>,
  ): Promise<Answer | Refusal> {
    if (name === null) return await work(() => {});
    const request = JSON.stringify([operation, input]);
    const kept = await this.#find(name, request, Date.now());
    if (kept === "mismatch") return USED_FOR_ANOTHER_REQUEST;
    if (kept) return kept as Answer;

    if (this.#inProgress.has(name)) return { reason: "in_progress" };
    this.#inProgress.add(name);
    try {
      const fingerprint = await hashKey(request, this.#peppers[0]);
      await this.#scheduleAlarm(Date.now() + ANSWER_KEPT_MS);
      return await work((answer, sealedSecret) => this.#save(name, fingerprint, answer, sealedSecret));
    } finally {
      this.#inProgress.delete(name);
    }
  }

  /**
   * The answer kept under the name, with its secret the first time and null from then on; null: no such answer. The
   * sealed secret is deleted before it is opened, so two calls at once do not both get it.
   */
  async takeSecret(name: string, now: number): Promise<object | null> {
    const row = this.#row(name, now);
    if (!row) return null;
    this.#sql.exec("UPDATE answers SET sealed_secret = NULL WHERE name = ?", name);
    const secret = row.sealed_secret && (await openSecret(row.sealed_secret, this.#peppers));
    return { ...(JSON.parse(row.answer) as object), secret };
  }

  seal(secret: string): Promise<ArrayBuffer> {
    return sealSecret(secret, this.#peppers[0]);
  }

  /** Deletes answers older than 24 hours, and schedules the next deletion. */
  async deleteExpired(now: number): Promise<void> {
    this.#sql.exec("DELETE FROM answers WHERE at <= ?", now - ANSWER_KEPT_MS);
    const oldest = this.#sql.exec<{ at: number | null }>("SELECT MIN(at) AS at FROM answers").one().at;
    if (oldest !== null) await this.#scheduleAlarm(oldest + ANSWER_KEPT_MS);
  }

  /** `mismatch`: the name was used for another request; null: no answer is kept. */
  async #find(name: string, request: string, now: number): Promise<object | "mismatch" | null> {
    const row = this.#row(name, now);
    if (!row) return null;
    const isSame = await firstUnderPeppers(this.#peppers, async (pepper) =>
      row.fingerprint === (await hashKey(request, pepper)) ? true : null,
    );
    if (!isSame) return "mismatch";
    const answer = JSON.parse(row.answer) as object;
    if (!row.sealed_secret) return answer;
    return { ...answer, secret: await openSecret(row.sealed_secret, this.#peppers) };
  }

  #row(name: string, now: number): AnswerRow | undefined {
    return this.#sql
      .exec<AnswerRow>(
        "SELECT fingerprint, answer, sealed_secret FROM answers WHERE name = ? AND at > ?",
        name,
        now - ANSWER_KEPT_MS,
      )
      .toArray()[0];
  }

  /** `fingerprint`: keyed, since a request may contain the SHA-256 of imported keys. */
  #save(name: string, fingerprint: string, answer: object, sealedSecret: ArrayBuffer | null): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO answers (name, fingerprint, at, answer, sealed_secret) VALUES (?, ?, ?, ?, ?)",
      name,
      fingerprint,
      Date.now(),
      JSON.stringify(answer),
      sealedSecret,
    );
  }
}

const USED_FOR_ANOTHER_REQUEST = {
  reason: "invalid_input",
  details: { "Idempotency-Key": "was used for another request" },
} as const;
