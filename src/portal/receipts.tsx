/**
 * The receipt of a change, from the form to the page that shows it: since when it is in effect everywhere, in the address
 * of that page. Bound to the session and the key, so that no link can show a receipt of something that did not happen.
 */
import type { Child } from "hono/jsx";
import { boundToSession } from "../control/portal-token.ts";
import { isSameSecret } from "../keys/digests.ts";
import { formatSecond } from "./format-time.ts";
import { pageBefore } from "./list-return.tsx";
import type { PortalRequest } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** In place of the time, for a change that had to wait for nothing. */
const AT_ONCE = "at_once";

/** What widens the terms of a key takes effect with the next lease of each isolate. */
const WIDENING: ReadonlySet<Done> = new Set(["changed", "resumed", "revocation_cancelled"]);

/** What was done. */
export type Done = keyof typeof texts.edit.done;

export interface Receipt {
  readonly done: Done;
  /** null: a change that does not restrict. */
  readonly since: string | null;
}

/**
 * Leads to the receipt: by default on the key's page, or in the list if the form was opened there. `effectiveAt`:
 * undefined for a change that does not restrict.
 */
export async function redirectToReceipt(
  c: PortalRequest,
  id: string,
  done: Done,
  effectiveAt: string | undefined,
  page = pageBefore(c, id),
) {
  const since = effectiveAt ?? AT_ONCE;
  const separator = page.includes("?") ? "&" : "?";
  const receipt = new URLSearchParams({ changed: id, done, since, proof: await proofOf(c, id, done, since) });
  return c.redirect(`${page}${separator}${receipt}`, 303);
}

/** null: the address has no receipt of this key and session. */
export async function readReceipt(c: PortalRequest, id: string): Promise<Receipt | null> {
  const { done = "", since = "", proof = "" } = c.req.query();
  if (!(await isSameSecret(proof, await proofOf(c, id, done, since)))) return null;
  return { done: done as Done, since: since === AT_ONCE ? null : since };
}

function proofOf(c: PortalRequest, id: string, done: string, since: string): Promise<string> {
  return boundToSession(c.var.session.token, `receipt:${id}:${done}:${since}`);
}

/** `children`: the key. `outcome`: what follows from the change, as a sentence. */
export function ReceiptNote(props: {
  readonly of: Receipt | null;
  readonly outcome?: string;
  readonly children?: Child;
}) {
  const { of, outcome, children } = props;
  if (of === null) return "";
  const { done, since } = of;
  const { edit } = texts;
  return (
    <p class="note good" role="status">
      {children}
      {edit.done[done]}
      {outcome && ` ${outcome}`}
      {since === null && WIDENING.has(done) && ` ${edit.saved}`}
      {since && (
        <>
          {` ${edit.since} `}
          <time datetime={since}>{formatSecond(since)}</time>
        </>
      )}
    </p>
  );
}
