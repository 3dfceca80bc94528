/** Where a list's next page begins, as text that a client hands back unread. */
import type { ApiKey } from "../keys/api-key.ts";
import type { KeyPosition } from "../ledger/keys-table.ts";
import type { Checked } from "./check-input.ts";

const KEY_CURSOR = /^(-?\d{1,16})-(key_[0-9A-Za-z]{22})$/;
const EVENT_CURSOR = /^\d{1,16}$/;

/** A full page may have more behind it; its last item is where the next one begins. */
export function nextCursor<Item>(
  items: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string,
): string | null {
  const last = items.at(-1);
  return last !== undefined && items.length === limit ? cursorOf(last) : null;
}

export function positionCursor({ createdAt, id }: KeyPosition): string {
  return `${createdAt}-${id}`;
}

export function keyCursor({ created_at, id }: ApiKey): string {
  return positionCursor({ createdAt: Date.parse(created_at), id });
}

export function keyPosition(cursor: string | undefined): Checked<KeyPosition | null> {
  if (cursor === undefined) return { value: null };
  const [, createdAt, id] = KEY_CURSOR.exec(cursor) ?? [];
  return createdAt && id ? { value: { createdAt: Number(createdAt), id } } : INVALID_CURSOR;
}

/** The number of the event before which the page begins. */
export function parseEventCursor(cursor: string | undefined): Checked<number | null> {
  if (cursor === undefined) return { value: null };
  return EVENT_CURSOR.test(cursor) ? { value: Number(cursor) } : INVALID_CURSOR;
}

const INVALID_CURSOR = {
  reason: "invalid_input",
  details: { cursor: "is not a cursor of this list" },
} as const;
