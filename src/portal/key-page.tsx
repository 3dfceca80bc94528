/**
 * Settings › API Keys: the page where people make, rotate and revoke keys. A dashboard opens it with a link
 * (`POST …/portal-sessions`); it works without JavaScript and does everything through `KeyOperations`.
 *
 * Guarantees that nothing but the way in answers without a session, and that nothing is changed but by a form of
 * that session's own pages. It keeps no state: links, sessions and keys are the ledger's.
 */
import { Hono } from "hono";
import { logException } from "../log.ts";
import { isRefusal } from "../refusals.ts";
import { activityPage } from "./activity-page.tsx";
import { keyDetailsPage, renameKey } from "./key-details-page.tsx";
import { listPage } from "./list-page.tsx";
import { madeKeyPage } from "./made-key-page.tsx";
import { makeKey, newKeyPage } from "./new-key-page.tsx";
import { refuse, showNotice, showSignedOut } from "./notices.tsx";
import { requireOwnForm } from "./own-form.ts";
import { PORTAL, type PortalContext, paths } from "./portal-context.ts";
import { setEnd } from "./retire-page.tsx";
import { revokeKey, revokePage } from "./revoke-page.tsx";
import { makeSuccessor, rotatePage } from "./rotate-page.tsx";
import { securityHeaders } from "./security-headers.ts";
import { dropSession, keepSession, requireSession } from "./session.ts";
import { revokeTested, testKey, testPage } from "./test-page.tsx";

const METHODS = ["GET", "POST"];

export const keyPage = new Hono<PortalContext>();

keyPage.use(securityHeaders);

// HEAD would be answered as GET is, and use up what can be had once.
keyPage.use(async function takeTwoMethods(c, next) {
  if (METHODS.includes(c.req.raw.method)) return await next();
  return refuse(c, { reason: "method_not_allowed", allow: METHODS });
});

keyPage.get(`${PORTAL}/enter/:token`, async (c) => {
  const visit = await c.env.operations.portal.enter(c.req.param("token"));
  if (isRefusal(visit)) return refuse(c, visit);
  keepSession(c, visit);
  return c.redirect(paths.keys, 303);
});

keyPage.use(requireSession);
keyPage.post("*", requireOwnForm);

keyPage.get(PORTAL, (c) => c.redirect(paths.keys, 303));
keyPage.get(paths.keys, listPage);
keyPage.get(paths.newKey, newKeyPage);
keyPage.post(paths.newKey, makeKey);
keyPage.get(paths.made(":form"), madeKeyPage);
keyPage.get(paths.key(":id"), keyDetailsPage);
keyPage.post(paths.rename(":id"), renameKey);
keyPage.get(paths.rotate(":id"), rotatePage);
keyPage.post(paths.rotate(":id"), makeSuccessor);
keyPage.post(paths.end(":id"), setEnd);
keyPage.get(paths.revoke(":id"), revokePage);
keyPage.post(paths.revoke(":id"), revokeKey);
keyPage.get(paths.activity, activityPage);
keyPage.get(paths.test, testPage);
keyPage.post(paths.test, testKey);
keyPage.post(`${paths.test}/revoke`, revokeTested);

keyPage.post(paths.leave, async (c) => {
  const { visit } = c.var;
  const left = await c.env.operations.portal.leave(visit);
  if (isRefusal(left)) return refuse(c, left);
  dropSession(c);
  c.set("visit", undefined as never);
  return showSignedOut(c, visit.returnUrl);
});

keyPage.notFound((c) => refuse(c, { reason: "not_found" }));

keyPage.onError((error, c) => {
  logException(c.env.requestId, error);
  return showNotice(c, { reason: "exception" });
});
