/**
 * Answers to calls that carried an `Idempotency-Key`, kept for 24 hours: a retry after a lost answer gets the
 * same one and never makes a second key.
 *
 * A secret in an answer is kept sealed: AES-256-GCM under a key that HKDF derives from the pepper, so
 * whoever reads the database alone cannot open it.
 */

import { hashKey } from "../keys/key-text.ts";

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

const SEAL_LABEL = "octopost kept answer v1";
const IV_BYTES = 12;

type AnswerRow = { fingerprint: string; answer: string; sealed_secret: ArrayBuffer | null };

export interface StoredAnswer {
  readonly name: string;
  /** Tells whether a retry is the same request. */
  readonly fingerprint: string;
  readonly at: number;
  readonly answer: object;
  readonly sealedSecret: ArrayBuffer | null;
}

export class IdempotencyStore {
  readonly #sql: SqlStorage;
  readonly #peppers: readonly string[];

  /** `peppers`: the current one, with which secrets are sealed, then the previous one. */
  constructor(sql: SqlStorage, peppers: readonly string[]) {
    this.#sql = sql;
    this.#peppers = peppers;
    sql.exec(SCHEMA);
  }

  /** The answer kept under the name, `mismatch` when it belongs to another request, null when there is none. */
  async find(name: string, fingerprint: string, now: number): Promise<object | "mismatch" | null> {
    const row = this.#rowOf(name, now);
    if (!row) return null;
    if (!(await this.#isOf(row.fingerprint, fingerprint))) return "mismatch";
    const answer = JSON.parse(row.answer) as object;
    return row.sealed_secret ? { ...answer, secret: await this.#open(row.sealed_secret) } : answer;
  }

  /**
   * The answer kept under the name, with its secret the first time and null ever after; null when there is none. The
   * sealed secret is gone before it is opened, so that two who ask at once do not both get it.
   */
  async takeSecret(name: string, now: number): Promise<object | null> {
    const row = this.#rowOf(name, now);
    if (!row) return null;
    this.#sql.exec("UPDATE answers SET sealed_secret = NULL WHERE name = ?", name);
    const secret = row.sealed_secret && (await this.#open(row.sealed_secret));
    return { ...(JSON.parse(row.answer) as object), secret };
  }

  /** What is kept of a fingerprint: it may hold the SHA-256 of keys that are imported, which nobody may read here. */
  async fingerprint(input: string): Promise<string> {
    return await hashKey(input, this.#peppers[0] ?? "");
  }

  #rowOf(name: string, now: number): AnswerRow | undefined {
    return this.#sql
      .exec<AnswerRow>(
        "SELECT fingerprint, answer, sealed_secret FROM answers WHERE name = ? AND at > ?",
        name,
        now - ANSWER_KEPT_MS,
      )
      .toArray()[0];
  }

  async #isOf(kept: string, input: string): Promise<boolean> {
    for (const pepper of this.#peppers) if (kept === (await hashKey(input, pepper))) return true;
    return false;
  }

  /** Synchronous, so that it belongs to the transaction which makes the answer true. */
  save({ name, fingerprint, at, answer, sealedSecret }: StoredAnswer): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO answers (name, fingerprint, at, answer, sealed_secret) VALUES (?, ?, ?, ?, ?)",
      name,
      fingerprint,
      at,
      JSON.stringify(answer),
      sealedSecret,
    );
  }

  /** Forgets what is older than 24 hours; returns when the next one will be, or null. */
  deleteExpired(now: number): number | null {
    this.#sql.exec("DELETE FROM answers WHERE at <= ?", now - ANSWER_KEPT_MS);
    const oldest = this.#sql.exec<{ at: number | null }>("SELECT MIN(at) AS at FROM answers").one().at;
    return oldest === null ? null : oldest + ANSWER_KEPT_MS;
  }

  async seal(secret: string): Promise<ArrayBuffer> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const key = await sealingKey(this.#peppers[0] ?? "");
    const sealed = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv },
      key,
      new TextEncoder().encode(secret),
    );
    return await new Blob([iv, sealed]).arrayBuffer();
  }

  async #open(sealed: ArrayBuffer): Promise<string> {
    const iv = sealed.slice(0, IV_BYTES);
    for (const pepper of this.#peppers) {
      try {
        const key = await sealingKey(pepper);
        const secret = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed.slice(IV_BYTES));
        return new TextDecoder().decode(secret);
      } catch {
        // Sealed under the other pepper.
      }
    }
    throw new Error("a kept answer was sealed under a pepper that is gone");
  }
}

async function sealingKey(pepper: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", encoder.encode(pepper), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(SEAL_LABEL) };
  return await crypto.subtle.deriveKey(hkdf, material, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}
