/**
 * New keys before they are issued, minted or imported: their row in the ledger and their record in KV. It uses no
 * storage; the same row always makes the same record, so KV can be rebuilt from the ledger.
 */

import type { Policy } from "../keys/account.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import { hashDigest, hashKey, keyHint, mintKey, mintKeyId } from "../keys/key-text.ts";
import { isoTime, LAST_TIME_MS, unixMsOrNull } from "../keys/timestamp.ts";
import type { Terms } from "../leases/protocol.ts";
import type { Mode, Permission } from "../policy.ts";
import type { OwnLimits } from "../rate-limits.ts";
import type { CurrentFirst } from "../settings.ts";
import { foldCase } from "./key-listing.ts";
import { allowedIpsOf, labelsOf, ownLimitsOf, permissionsOf } from "./key-terms.ts";
import type { KeyRow, NewKeyRow } from "./keys-schema.ts";

export interface NewKey {
  readonly name: string;
  readonly mode: Mode;
  /** Empty: full access. */
  readonly permissions: readonly Permission[];
  /** Networks; empty: anywhere. */
  readonly allowed_ips: readonly string[];
  /** null: the tier's. */
  readonly limits: OwnLimits | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly expires_at: string | null;
}

export interface ImportedKey extends Omit<NewKey, "allowed_ips" | "limits" | "labels"> {
  /** SHA-256 of the key, 64 hex digits. */
  readonly sha256: string;
  readonly created_at: string | null;
}

/** The result of one row of an import. */
export type ImportVerdict =
  | { readonly id: string }
  | { readonly error: "store_unreachable" | "ledger_unreachable" | "known_elsewhere" }
  // The account's policy does not allow the key.
  | { readonly error: "validation_error" | "conflict"; readonly details: Record<string, string> };

/** The secret of a new key, and the hash by which it is stored. */
export interface MintedSecret {
  readonly secret: string;
  readonly hash: string;
}

export async function mintSecret(mode: Mode, account: string, pepper: string): Promise<MintedSecret> {
  const secret = await mintKey(mode, account, pepper);
  return { secret, hash: await hashKey(secret, pepper) };
}

/** The row of a new key. `now` in Unix milliseconds. */
export function newKeyRow(
  account: string,
  input: NewKey,
  { secret, hash }: MintedSecret,
  now: number,
  actor: string,
): NewKeyRow {
  const minted = { hash, hint: keyHint(secret), created_at: now, began_at: now, is_imported: 0 } as const;
  return newRow(account, input, actor, minted);
}

/** The row of a new key with the name, mode, terms, labels and lifetime of an old one. `latest`: its latest expiry. */
export function successorRow(
  old: KeyRow,
  minted: MintedSecret,
  now: number,
  actor: string,
  latest: number | null,
): NewKeyRow {
  const lifetimeMs = old.expires_at === null ? Number.POSITIVE_INFINITY : old.expires_at - old.created_at;
  const expiresAt = Math.min(now + lifetimeMs, latest ?? Number.POSITIVE_INFINITY);
  const input = {
    name: old.name,
    mode: old.mode,
    permissions: permissionsOf(old),
    allowed_ips: allowedIpsOf(old),
    limits: ownLimitsOf(old),
    labels: labelsOf(old),
    expires_at: Number.isFinite(expiresAt) ? isoTime(Math.min(expiresAt, LAST_TIME_MS)) : null,
  };
  return newKeyRow(old.account, input, minted, now, actor);
}

/** The hash of an imported key under every pepper, the current one first. */
export async function importedHashes(sha256: string, peppers: CurrentFirst): Promise<readonly string[]> {
  const digest = Uint8Array.from(Buffer.from(sha256, "hex"));
  return await Promise.all(peppers.map((pepper) => hashDigest(digest, pepper)));
}

/** The row of a key known by its SHA-256 alone. `now` in Unix milliseconds. */
export function importedKeyRow(
  account: string,
  input: ImportedKey,
  hash: string,
  now: number,
  actor: string,
): NewKeyRow {
  const created_at = unixMsOrNull(input.created_at) ?? now;
  const key = { ...input, allowed_ips: [], limits: null, labels: {} };
  const imported = { hash, hint: `oct_${input.mode}_…`, created_at, began_at: now, is_imported: 1 } as const;
  return newRow(account, key, actor, imported);
}

/** The key's record, as KV has it too. */
export function recordOf(row: NewKeyRow | KeyRow): KeyRecord {
  return { v: 1, id: row.id, account: row.account, mode: row.mode, created_at: isoTime(row.created_at) };
}

/** The terms on which a lease is granted. */
export function termsOf(row: KeyRow, { allowed_ips }: Pick<Policy, "allowed_ips">): Terms {
  return {
    permissions: permissionsOf(row),
    allowed_ips: allowedIpsOf(row),
    account_allowed_ips: allowed_ips,
  };
}

function newRow(
  account: string,
  input: NewKey,
  actor: string,
  origin: Pick<NewKeyRow, "hash" | "hint" | "created_at" | "began_at" | "is_imported">,
): NewKeyRow {
  return {
    id: mintKeyId(),
    account,
    name: input.name,
    name_folded: foldCase(input.name),
    mode: input.mode,
    permissions: JSON.stringify(input.permissions),
    allowed_ips: JSON.stringify(input.allowed_ips),
    limits: input.limits && JSON.stringify(input.limits),
    labels: JSON.stringify(input.labels),
    created_by: actor,
    expires_at: unixMsOrNull(input.expires_at),
    ...origin,
  };
}
