/** Where a list's next page begins, as text that a client passes on unread. */
import * as v from "valibot";
import type { ApiKey } from "../keys/api-key.ts";
import type { KeyPosition } from "../ledger/key-listing.ts";

const KEY_CURSOR = /^(-?\d{1,16})-(key_[0-9A-Za-z]{22})$/;
const EVENT_CURSOR = /^\d{1,16}$/;

/** The position after which a page of keys begins. */
export const keyCursorField = cursorField(KEY_CURSOR, (cursor): KeyPosition => {
  const [, createdAt, id] = KEY_CURSOR.exec(cursor) ?? [];
  return { createdAt: Number(createdAt), id: id ?? "" };
});

/** The number of the event before which a page of events begins. */
export const eventCursorField = cursorField(EVENT_CURSOR, Number);

/** A full page may have more after it; its last item is where the next page begins. */
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

function cursorField<Position>(format: RegExp, parse: (cursor: string) => Position) {
  return v.optional(
    v.pipe(
      v.string("must be a string"),
      v.check((cursor) => format.test(cursor), "is not a cursor of this list"),
      v.transform(parse),
    ),
  );
}
