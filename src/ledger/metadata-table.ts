/** The table of single values by name, such as the account's tier. Values are JSON and not validated. Synchronous. */

/** The name of the row with the ledger's own account. */
export const ACCOUNT = "account";

export class MetadataTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  }

  get(name: string): unknown {
    const row = this.#sql
      .exec<{ value: string }>("SELECT value FROM metadata WHERE name = ?", name)
      .toArray()[0];
    return row && JSON.parse(row.value);
  }

  set(name: string, value: unknown): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO metadata (name, value) VALUES (?, ?)",
      name,
      JSON.stringify(value),
    );
  }
}
