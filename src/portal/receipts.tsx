/**
 * The receipt of a change, from the form to the page that shows it: since when it is in effect everywhere, in the address
 * of that page. Bound to the session and the key, so that no link can show a receipt of something that did not happen.
 */
import type { Child } from "hono/jsx";
import { boundToSession } from "../control/portal-token.ts";
import { formatSecond } from "./format-time.ts";
import { listQuery, readFilter } from "./key-filter.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** For a change that widens what the key may do: nothing had to be waited for. */
const AT_ONCE = "at_once";

/**
 * Leads to the receipt: on the key's page, or in the list if the form was submitted there (its field `list` is the list's
 * query). `effectiveAt`: undefined for a change that does not restrict.
 */
export async function redirectToReceipt(c: PortalRequest, id: string, effectiveAt: string | undefined) {
  const since = effectiveAt ?? AT_ONCE;
  const receipt = new URLSearchParams({ since, proof: await proofOf(c, id, since) });
  const list = c.var.form.get("list");
  if (list === null) return c.redirect(`${paths.key(id)}?${receipt}`, 303);
  const query = Object.fromEntries(new URLSearchParams(list));
  const page = Math.floor(Number(query.page)) || 1;
  return c.redirect(`${paths.keys}?${listQuery(readFilter(query), page)}&changed=${id}&${receipt}`, 303);
}

/** A time, `null` for a change that does not restrict, undefined without a receipt. */
export async function readReceipt(c: PortalRequest, id: string): Promise<string | null | undefined> {
  const { since, proof } = c.req.query();
  if (since === undefined || proof !== (await proofOf(c, id, since))) return undefined;
  return since === AT_ONCE ? null : since;
}

function proofOf(c: PortalRequest, id: string, since: string): Promise<string> {
  return boundToSession(c.var.session.token, `receipt:${id}:${since}`);
}

/** `since`: as `readReceipt` returns it. `children`: before it, what was changed. */
export function ReceiptNote(props: { readonly since: string | null | undefined; readonly children?: Child }) {
  const { since, children } = props;
  const { edit } = texts;
  if (since === undefined) return "";
  return (
    <p class="note good" role="status">
      {children}
      {since === null ? edit.saved : edit.since}{" "}
      {since && <time datetime={since}>{formatSecond(since)}</time>}
    </p>
  );
}
