/** The way back to the same page of the list, for forms that are opened from one of its rows. */
import { listQuery, readFilter, readPage } from "./key-filter.ts";
import { type PortalRequest, paths } from "./portal-context.ts";

/** The query of the list, from the form or the address; undefined: opened from elsewhere. */
export function listBefore(c: PortalRequest): string | undefined {
  const form = c.var.form as URLSearchParams | undefined;
  const list = form?.get("list") ?? c.req.query("list");
  if (list === undefined) return undefined;
  const query = Object.fromEntries(new URLSearchParams(list));
  return listQuery(readFilter(query), readPage(query));
}

/** The list, or the page of the key. */
export function pageBefore(c: PortalRequest, id: string): string {
  return listBefore(c) === undefined ? paths.key(id) : listPageBefore(c);
}

/** The list, on the page from which the form was opened; otherwise its first page. */
export function listPageBefore(c: PortalRequest): string {
  const list = listBefore(c);
  return list === undefined ? paths.keys : `${paths.keys}?${list}`;
}

/** Passes it on with a form. */
export function ListField({ c }: { readonly c: PortalRequest }) {
  const list = listBefore(c);
  return list === undefined ? "" : <input type="hidden" name="list" value={list} />;
}
