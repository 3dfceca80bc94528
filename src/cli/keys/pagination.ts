// Fetches every page of a list of the API and joins them into one answer of the same shape.

import { PAGE_MAX } from "../../control/control-input.ts";
import type { Operation } from "../../control/operation.ts";
import type { ControlPlaneClient } from "./control-plane-client.ts";

type Page<Name extends string, Item> = Record<Name, Item[]> & { next_cursor: string | null };

/** `limit`: how many in all; every one, if left out. `next_cursor` is null at the end of the list. */
export async function fetchAllPages<Name extends string, Item>(
  gateway: ControlPlaneClient,
  operation: Operation<Page<Name, Item>>,
  name: Name,
  query: Readonly<Record<string, string | undefined>>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Page<Name, Item>> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Name, Item> = await gateway.call(operation, {
      query: {
        ...query,
        limit: String(Math.min(PAGE_MAX, limit - items.length)),
        cursor: cursor ?? undefined,
      },
    });
    items.push(...page[name]);
    cursor = page.next_cursor;
  } while (cursor !== null && items.length < limit);
  return { [name]: items, next_cursor: cursor } as Page<Name, Item>;
}
