/**
 * Who may be on the account's key page: links not yet used and sessions, each known by its token's digest alone.
 * Synchronous. Times are Unix milliseconds.
 */

export const LINK_LASTS_MS = 300_000;
export const SESSION_LASTS_MS = 1_800_000;
/** A session that has ended is remembered for a day, so that its page can lead back to where it came from. */
const FORGOTTEN_AFTER_MS = 86_400_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS portal_visits (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    return_url TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS portal_visits_by_end ON portal_visits (ends_at);
`;

export interface PortalUser {
  /** Who the events say it was. */
  readonly actor: string;
  readonly returnUrl: string | null;
}

export interface Session extends PortalUser {
  readonly endsAt: number;
}

type VisitRow = { digest: string; kind: string; ends_at: number; actor: string; return_url: string | null };

export class PortalTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Keeps a new link; returns until when it can be used. */
  addLink(digest: string, visitor: PortalUser, now: number): number {
    this.#sql.exec("DELETE FROM portal_visits WHERE ends_at < ?", now - FORGOTTEN_AFTER_MS);
    return this.#add(digest, "link", visitor, now + LINK_LASTS_MS);
  }

  /** Uses a link up and begins the session it opens; null when there is no such link any more. */
  useLink(linkDigest: string, sessionDigest: string, now: number): Session | null {
    const link = this.#sql
      .exec<VisitRow>(
        "DELETE FROM portal_visits WHERE digest = ? AND kind = 'link' AND ends_at > ? RETURNING *",
        linkDigest,
        now,
      )
      .toArray()[0];
    if (!link) return null;
    const visitor = { actor: link.actor, returnUrl: link.return_url };
    return { ...visitor, endsAt: this.#add(sessionDigest, "session", visitor, now + SESSION_LASTS_MS) };
  }

  /** A session that is known still, ended or not. */
  session(digest: string): Session | undefined {
    const row = this.#sql
      .exec<VisitRow>("SELECT * FROM portal_visits WHERE digest = ? AND kind = 'session'", digest)
      .toArray()[0];
    return row && { actor: row.actor, returnUrl: row.return_url, endsAt: row.ends_at };
  }

  endSession(digest: string, now: number): void {
    this.#sql.exec("UPDATE portal_visits SET ends_at = MIN(ends_at, ?) WHERE digest = ?", now, digest);
  }

  #add(digest: string, kind: "link" | "session", { actor, returnUrl }: PortalUser, endsAt: number): number {
    this.#sql.exec(
      "INSERT INTO portal_visits (digest, kind, ends_at, actor, return_url) VALUES (?, ?, ?, ?, ?)",
      digest,
      kind,
      endsAt,
      actor,
      returnUrl,
    );
    return endsAt;
  }
}
