/** Performs operations of the control plane for the user of this session: on the session's account, in the user's name. */

import { KEY_PAGE } from "../control/credential.ts";
import type { Operation, OperationRequest } from "../control/operation.ts";
import { clientAddress } from "../http/client-address.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { PortalRequest } from "./portal-context.ts";

type Input = Pick<OperationRequest, "id" | "query" | "body">;

const ITEMS_PER_CALL = 200;
/** For the time and memory of one request. */
export const ITEMS_MAX = 10_000;

const POLL_MS = 150;
/** Longer than the ledger may take to write a key. */
const WAIT_MAX_MS = 15_000;

export function perform<Answer extends object>(
  c: PortalRequest,
  operation: Operation<Answer>,
  input: Input = {},
): Promise<Answer | Refusal> {
  return c.env.controlPlane.perform(operation, requestOf(c, input));
}

/**
 * The same, once per form. A form that is submitted again while its first submission is in progress waits for it and
 * gets the same answer.
 */
export async function performOnce<Answer extends object>(
  c: PortalRequest,
  formId: string,
  operation: Operation<Answer>,
  input: Input,
): Promise<Answer | Refusal> {
  const { controlPlane } = c.env;
  const { session } = c.var;
  const idempotency_key = await controlPlane.portal.formKey(session, formId);
  const request = { ...requestOf(c, input), caller: { actor: session.actor, idempotency_key } };
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const answer = await controlPlane.perform(operation, request);
    const isInProgress = isRefusal(answer) && answer.reason === "in_progress";
    if (!isInProgress || waitedMs >= WAIT_MAX_MS) return answer;
    await scheduler.wait(POLL_MS);
  }
}

export interface NewestItems<Item> {
  readonly items: readonly Item[];
  /** Where a program continues with the control plane; null: these are all items. */
  readonly next_cursor: string | null;
}

/** The newest items of a list, at most `ITEMS_MAX`, from all its pages. */
export async function performPages<Page extends { readonly next_cursor: string | null }, Item>(
  c: PortalRequest,
  operation: Operation<Page>,
  query: object,
  itemsOf: (page: Page) => readonly Item[],
): Promise<NewestItems<Item> | Refusal> {
  const items: Item[] = [];
  let next_cursor: string | null = null;
  do {
    const page: Page | Refusal = await perform(c, operation, {
      query: { ...query, limit: ITEMS_PER_CALL, ...(next_cursor !== null && { cursor: next_cursor }) },
    });
    // `not_found`: the account has no keys and no events.
    if (isRefusal(page)) return page.reason === "not_found" ? { items, next_cursor: null } : page;
    const more = itemsOf(page);
    // Only now is it certain that the list is longer: a cursor may lead to an empty page.
    if (items.length >= ITEMS_MAX && more.length > 0) break;
    items.push(...more);
    next_cursor = page.next_cursor;
  } while (next_cursor !== null);
  return { items, next_cursor };
}

function requestOf(c: PortalRequest, input: Input): OperationRequest {
  const { account, actor } = c.var.session;
  return { account, credential: KEY_PAGE, caller: { actor }, address: clientAddress(c.req.raw), ...input };
}
