/**
 * The receipt of a change, from the form to the page that shows it: since when it is in effect everywhere, in the address
 * of that page. Bound to the session and the key, so that no link can show a receipt of something that did not happen.
 */
import { boundToSession } from "../control/portal-token.ts";
import { type PortalRequest, paths } from "./portal-context.ts";

/** For a change that widens what the key may do: nothing had to be waited for. */
const AT_ONCE = "at_once";

/** The address of the key's page with the receipt. `effectiveAt`: undefined for a change that does not restrict. */
export async function pathWithReceipt(c: PortalRequest, id: string, effectiveAt: string | undefined) {
  const since = effectiveAt ?? AT_ONCE;
  const proof = await proofOf(c, id, since);
  return `${paths.key(id)}?${new URLSearchParams({ since, proof })}`;
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
