/** The keys of an account that the key page can show, read from the ledger page by page; and single keys. */
import { getKey, listKeys } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { perform } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";

const KEYS_PER_CALL = 200;
/** An account with more keys is managed by programs; the page shows its newest. */
export const ACCOUNT_KEYS_MAX = 1000;
/** Longer than any chain of rotations that are in progress at once. */
const SUCCESSORS_MAX = 5;

export interface AccountKeys {
  /** Newest first. */
  readonly keys: readonly ApiKey[];
  /** Whether the account has older keys that were not read. */
  readonly isTruncated: boolean;
}

export async function loadAccountKeys(c: PortalRequest): Promise<AccountKeys | Refusal> {
  const keys: ApiKey[] = [];
  let cursor: string | undefined;
  do {
    const query = { include: "revoked", limit: KEYS_PER_CALL, ...(cursor !== undefined && { cursor }) };
    const page = await perform(c, listKeys, { query });
    // `not_found`: the account never had a key. Here that is an empty list.
    if (isRefusal(page)) return page.reason === "not_found" ? { keys, isTruncated: false } : page;
    keys.push(...page.keys);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && keys.length < ACCOUNT_KEYS_MAX);
  return { keys, isTruncated: cursor !== undefined };
}

/** The key that the path names. */
export function loadKey(c: PortalRequest, id = c.req.param("id") ?? ""): Promise<ApiKey | Refusal> {
  return perform(c, getKey, { id });
}

/** The latest successor of the key, over several rotations; null: not rotated. */
export async function loadSuccessor(c: PortalRequest, { replaced_by }: ApiKey): Promise<ApiKey | null> {
  let successor: ApiKey | null = null;
  let id = replaced_by;
  for (let i = 0; id !== null && i < SUCCESSORS_MAX; i++) {
    const key = await loadKey(c, id);
    if (isRefusal(key)) break;
    successor = key;
    id = key.replaced_by;
  }
  return successor;
}
