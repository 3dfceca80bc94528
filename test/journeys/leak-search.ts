/**
 * Searches everything that leaves a cluster, or remains in its stores, for secrets.
 *
 * Guarantees: a key is searched for as its text, its random part, its SHA-256 and its hash at rest, each in every common
 * encoding. Stores are read completely, whatever their tables. The hash at rest is not searched for where it belongs:
 * the name of the KV entry, and SQLite.
 */

import { createHash, createHmac } from "node:crypto";
import type { GatewayCluster } from "../support/gateway-cluster.ts";

/** A text that must not be found. */
export interface Secret {
  readonly what: string;
  readonly text: string;
  /** Whether it is the hash at rest, which is allowed in the stores. */
  readonly atRest?: boolean;
}

/** A text that was sent, logged or stored, and where. */
export interface FoundText {
  readonly where: string;
  readonly text: string;
}

export function secretsOfKey(key: string, peppers: readonly string[]): Secret[] {
  const digest = createHash("sha256").update(key).digest();
  const random = key.replace(/^oct_(?:live|test)_/, "");
  return [
    ...spellings(`the text of ${key.slice(0, 13)}…`, Buffer.from(key)),
    ...[key, random].map((text) => ({ what: `the text of ${key.slice(0, 13)}…`, text })),
    ...spellings(`the SHA-256 of ${key.slice(0, 13)}…`, digest),
    ...peppers.flatMap((pepper) =>
      spellings(
        `the hash at rest of ${key.slice(0, 13)}…`,
        createHmac("sha256", pepper).update(digest).digest(),
      ).map((secret) => ({ ...secret, atRest: true })),
    ),
  ];
}

/** `ASSERTION_KEY` is represented by its private part. */
export function secretsOfSettings(settings: Readonly<Record<string, unknown>>): Secret[] {
  const { KEY_PEPPER, CONTROL_TOKEN, ASSERTION_KEY } = settings;
  const { d } = JSON.parse(String(ASSERTION_KEY));
  return [
    { what: "KEY_PEPPER", text: String(KEY_PEPPER) },
    { what: "CONTROL_TOKEN", text: String(CONTROL_TOKEN) },
    { what: "the private part of ASSERTION_KEY", text: d },
    ...spellings("the private part of ASSERTION_KEY", Buffer.from(d, "base64url")),
  ];
}

/** A secret that is text, in every common encoding. */
export function secretsOfText(what: string, text: string): Secret[] {
  const inUrl = encodeURIComponent(text);
  return [{ what, text }, { what, text: inUrl }, ...spellings(what, Buffer.from(text))];
}

function spellings(what: string, bytes: Buffer): Secret[] {
  const base64 = bytes.toString("base64").replaceAll("=", "");
  return [bytes.toString("hex"), base64, base64.replaceAll("+", "-").replaceAll("/", "_")].map((text) => ({
    what,
    text,
  }));
}

/** Describes every secret found: where and which. The comparison is case-insensitive. */
export function findSecrets(texts: readonly FoundText[], secrets: readonly Secret[]): string[] {
  const wanted = [...new Map(secrets.map((secret) => [secret.text.toLowerCase(), secret]))];
  return texts.flatMap(({ where, text }) => {
    const lower = text.toLowerCase();
    return wanted.filter(([needle]) => lower.includes(needle)).map(([, { what }]) => `${where}: ${what}`);
  });
}

/** The names of KV's entries, and their values. */
export async function readKv(cluster: GatewayCluster): Promise<{ names: FoundText[]; values: FoundText[] }> {
  const kv = cluster.kv;
  const names: FoundText[] = [];
  const values: FoundText[] = [];
  let cursor: string | undefined;
  do {
    const page = await kv.list(cursor === undefined ? {} : { cursor });
    const entries = page.keys.map(async ({ name, metadata }) => {
      names.push({ where: "a KV name", text: name });
      const text = `${await kv.get(name)} ${JSON.stringify(metadata)}`;
      values.push({ where: "a KV value", text });
    });
    await Promise.all(entries);
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor !== undefined);
  return { names, values };
}

/** Every column of every row of every table in the ledgers of these accounts; blobs as bytes. */
export async function readLedgers(
  cluster: GatewayCluster,
  accounts: readonly string[],
): Promise<FoundText[]> {
  const texts = await Promise.all(accounts.map((account) => readLedger(cluster, account)));
  return texts.flat();
}

async function readLedger(cluster: GatewayCluster, account: string): Promise<FoundText[]> {
  const columns = await cluster.network.ledgerRows(
    account,
    `SELECT t.name AS "table", c.name AS "column" FROM sqlite_master t, pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT LIKE '\\_cf%' ESCAPE '\\'`,
  );
  const tables = Object.entries(Object.groupBy(columns, ({ table }) => String(table)));
  const texts = tables.map(async ([table, ofTable = []]) => {
    const cells = ofTable.map(({ column }) => `hex(CAST("${column}" AS BLOB)) AS "${column}"`);
    const rows = await cluster.network.ledgerRows(account, `SELECT ${cells.join(", ")} FROM "${table}"`);
    return rows.flatMap((row) =>
      // NULL is an empty text here.
      Object.entries(row)
        .filter(([, bytes]) => bytes !== "")
        .map(([column, bytes]) => ({
          where: `SQLite ${table}.${column}`,
          text: Buffer.from(String(bytes), "hex").toString("latin1"),
        })),
    );
  });
  return (await Promise.all(texts)).flat();
}

/** The requests that the origins received. */
export function readOrigins(cluster: GatewayCluster): FoundText[] {
  return [cluster.live, cluster.sandbox].flatMap(({ name, requests }) =>
    requests.map(({ method, target, rawHeaders, body }) => ({
      where: `the ${name} origin`,
      text: [method, target, ...rawHeaders.flat(), body?.toString("latin1") ?? ""].join("\n"),
    })),
  );
}
