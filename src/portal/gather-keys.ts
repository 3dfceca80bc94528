/** All keys of an account that the page may have to show, from the pages the ledger hands out. */
import type { KeyOperations } from "../control/key-operations.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";

const PAGE_KEYS = 200;
/** An account with more is managed by programs; its newest are shown. */
export const KEYS_MAX = 1000;

export interface GatheredKeys {
  /** Newest first. */
  readonly keys: readonly ApiKey[];
  /** Whether there are older ones. */
  readonly isCut: boolean;
}

export async function gatherKeys(
  operations: KeyOperations,
  account: string,
): Promise<GatheredKeys | Refusal> {
  const keys: ApiKey[] = [];
  let cursor: string | undefined;
  do {
    const query = { include: "revoked", limit: PAGE_KEYS, ...(cursor !== undefined && { cursor }) };
    const page = await operations.listKeys(account, query);
    // An account that never had a key is no mistake here.
    if (isRefusal(page)) return page.reason === "not_found" ? { keys, isCut: false } : page;
    keys.push(...page.keys);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && keys.length < KEYS_MAX);
  return { keys, isCut: cursor !== undefined };
}
