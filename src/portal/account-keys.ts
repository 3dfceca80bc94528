/** All keys of an account that the key page can show, read from the ledger page by page. */
import type { KeyOperations } from "../control/key-operations.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";

const KEYS_PER_CALL = 200;
/** An account with more keys is managed by programs; the page shows its newest. */
export const ACCOUNT_KEYS_MAX = 1000;

export interface AccountKeys {
  /** Newest first. */
  readonly keys: readonly ApiKey[];
  /** Whether the account has older keys that were not read. */
  readonly isTruncated: boolean;
}

export async function loadAccountKeys(
  operations: KeyOperations,
  account: string,
): Promise<AccountKeys | Refusal> {
  const keys: ApiKey[] = [];
  let cursor: string | undefined;
  do {
    const query = { include: "revoked", limit: KEYS_PER_CALL, ...(cursor !== undefined && { cursor }) };
    const page = await operations.listKeys(account, query);
    // `not_found`: the account never had a key. Here that is an empty list.
    if (isRefusal(page)) return page.reason === "not_found" ? { keys, isTruncated: false } : page;
    keys.push(...page.keys);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && keys.length < ACCOUNT_KEYS_MAX);
  return { keys, isTruncated: cursor !== undefined };
}
