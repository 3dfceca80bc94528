/**
 * The way in: a link shows one button, and the button uses the link up and begins the session. So a link preview, a
 * prefetch or a mail scanner, which send GET requests, does not use it up.
 */
import { isRefusal, type Refusal } from "../refusals.ts";
import { isSameOrigin } from "./csrf-check.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { findSession, setSessionCookie } from "./session.ts";
import { texts } from "./texts.ts";

const ENTRY_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function enterPage(c: PortalRequest) {
  const { portal } = c.env.controlPlane;
  const token = c.req.param("token") ?? "";
  const checked = await portal.checkLink(token);
  if (isRefusal(checked)) return await refuseLink(c, token, checked);
  const { enter } = texts;
  return showPage(
    c,
    { title: enter.title },
    <form
      method="post"
      action={paths.enter(token)}
      class="sheet notice"
      data-busy={enter.busy}
      data-needs-cookies
    >
      <h1>{enter.title}</h1>
      <p>
        {enter.explain} <strong>{await portal.accountOf(token)}</strong>.
      </p>
      <p class="note bad" role="alert" hidden>
        {enter.allowCookies}
      </p>
      <input type="hidden" name="entry_id" value={crypto.randomUUID()} />
      <button type="submit" class="main">
        {enter.submit}
      </button>
    </form>,
  );
}

export async function enter(c: PortalRequest) {
  if (!isSameOrigin(c)) return refuse(c, { reason: "csrf_failed" });
  const token = c.req.param("token") ?? "";
  const entryId = new URLSearchParams(await c.req.text()).get("entry_id") ?? "";
  const session = await c.env.controlPlane.portal.enter(token, ENTRY_ID.test(entryId) ? entryId : null);
  if (isRefusal(session)) return await refuseLink(c, token, session);
  setSessionCookie(c, session);
  return c.redirect(`${paths.keys}?entered=${Math.floor(c.env.now() / 1000)}`, 303);
}

/** A used link leads to the keys when the browser has a session of the same account, such as after going back. */
async function refuseLink(c: PortalRequest, token: string, refusal: Refusal) {
  if (refusal.reason !== "link_used") return refuse(c, refusal);
  const account = await c.env.controlPlane.portal.accountOf(token);
  const session = account === null ? null : await findSession(c);
  const isOfAccount = session !== null && !isRefusal(session) && session.account === account;
  return isOfAccount ? c.redirect(paths.keys, 303) : refuse(c, refusal);
}
