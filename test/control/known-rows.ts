/**
 * Rows of an import whose keys the account has already. They need no KV write, which is what takes time in an import, so a
 * test can send many. SQL inserts the keys; their KV entries are missing.
 */

import { createHash, randomUUID } from "node:crypto";
import { importedHashes } from "../../src/ledger/new-keys.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Account } from "./account.ts";

export interface ImportRow {
  readonly sha256: string;
  readonly name: string;
  readonly mode: "live" | "test";
}

/** A row of a key that no account has. */
export function newRow(): ImportRow {
  const sha256 = createHash("sha256").update(randomUUID()).digest("hex");
  return { sha256, name: "an old key", mode: "live" };
}

export function newRows(count: number): ImportRow[] {
  return Array.from({ length: count }, newRow);
}

/** The account must exist. */
export async function knownRows(
  cluster: GatewayCluster,
  account: Account,
  count: number,
): Promise<ImportRow[]> {
  const rows = newRows(count);
  const peppers = [String(cluster.settings.KEY_PEPPER)] as const;
  const values = await Promise.all(
    rows.map(async ({ sha256, name, mode }, i) => {
      const [hash] = await importedHashes(sha256, peppers);
      return `('key_${sha256.slice(0, 22)}','${account.name}','${name}','${mode}','[]','oct_live_…','${hash}',${i},'issued',${i},1)`;
    }),
  );
  const columns =
    "id, account, name, mode, permissions, hint, hash, created_at, state, began_at, is_imported";
  await cluster.network.ledgerRows(account.name, `INSERT INTO keys (${columns}) VALUES ${values.join(",")}`);
  return rows;
}
