/**
 * Unused links and sessions of the account's key page, each stored by its token's digest alone. Synchronous. Times
 * are Unix milliseconds.
 */

const LINK_LASTS_MS = 300_000;
const SESSION_LASTS_MS = 1_800_000;
/** The longest session, however often it is extended. */
const SESSION_MAX_MS = 43_200_000;
/** An ended session is kept for a day, so its page can link back to `return_url`. */
const DELETED_AFTER_MS = 86_400_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS portal_tokens (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    actor TEXT,
    return_url TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS portal_tokens_by_end ON portal_tokens (ends_at);
`;

export interface PortalUser {
  /** Who uses the page, as the caller who created the link states it; null: not stated. */
  readonly actor: string | null;
  readonly returnUrl: string | null;
}

export interface Session extends PortalUser {
  readonly endsAt: number;
}

type TokenRow = {
  digest: string;
  kind: string;
  ends_at: number;
  actor: string | null;
  return_url: string | null;
};

export class PortalTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Stores a new link; returns until when it can be used. */
  addLink(digest: string, user: PortalUser, now: number): number {
    this.#sql.exec("DELETE FROM portal_tokens WHERE ends_at < ?", now - DELETED_AFTER_MS);
    return this.#add(digest, "link", user, now, now + LINK_LASTS_MS);
  }

  hasLink(digest: string, now: number): boolean {
    const sql = "SELECT 1 FROM portal_tokens WHERE digest = ? AND kind = 'link' AND ends_at > ?";
    return this.#sql.exec(sql, digest, now).toArray().length > 0;
  }

  /**
   * Uses up a link and opens its session; null: the link was used or has expired. Idempotent: a repeated call gets the
   * session that the first one opened.
   */
  useLink(linkDigest: string, sessionDigest: string, now: number): Session | null {
    const link = this.#sql
      .exec<TokenRow>(
        "DELETE FROM portal_tokens WHERE digest = ? AND kind = 'link' AND ends_at > ? RETURNING *",
        linkDigest,
        now,
      )
      .toArray()[0];
    if (!link) return this.#validSession(sessionDigest, now);
    const user = { actor: link.actor, returnUrl: link.return_url };
    return { ...user, endsAt: this.#add(sessionDigest, "session", user, now, now + SESSION_LASTS_MS) };
  }

  /** A session, also an ended one until it is deleted. */
  session(digest: string): Session | undefined {
    const row = this.#sql
      .exec<TokenRow>("SELECT * FROM portal_tokens WHERE digest = ? AND kind = 'session'", digest)
      .toArray()[0];
    return row && { actor: row.actor, returnUrl: row.return_url, endsAt: row.ends_at };
  }

  #validSession(digest: string, now: number): Session | null {
    const session = this.session(digest);
    return session && session.endsAt > now ? session : null;
  }

  /** Lets a valid session last as long as one that begins now; null: it has ended. */
  extendSession(digest: string, now: number): Session | null {
    this.#sql.exec(
      `UPDATE portal_tokens SET ends_at = MAX(ends_at, MIN(?, began_at + ?))
       WHERE digest = ? AND kind = 'session' AND ends_at > ?`,
      now + SESSION_LASTS_MS,
      SESSION_MAX_MS,
      digest,
      now,
    );
    return this.#validSession(digest, now);
  }

  endSession(digest: string, now: number): void {
    this.#sql.exec("UPDATE portal_tokens SET ends_at = MIN(ends_at, ?) WHERE digest = ?", now, digest);
  }

  /** Ends all sessions and deletes all unused links; returns how many of each could still be used. */
  endAll(now: number): { readonly sessions: number; readonly links: number } {
    const sessions = this.#sql.exec(
      "UPDATE portal_tokens SET ends_at = ? WHERE kind = 'session' AND ends_at > ? RETURNING 1",
      now,
      now,
    );
    const links = this.#sql.exec(
      "DELETE FROM portal_tokens WHERE kind = 'link' AND ends_at > ? RETURNING 1",
      now,
    );
    return { sessions: sessions.toArray().length, links: links.toArray().length };
  }

  #add(
    digest: string,
    kind: "link" | "session",
    { actor, returnUrl }: PortalUser,
    now: number,
    endsAt: number,
  ): number {
    this.#sql.exec(
      "INSERT INTO portal_tokens (digest, kind, began_at, ends_at, actor, return_url) VALUES (?, ?, ?, ?, ?, ?)",
      digest,
      kind,
      now,
      endsAt,
      actor,
      returnUrl,
    );
    return endsAt;
  }
}
