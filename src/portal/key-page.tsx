/**
 * Settings › API Keys: the page where people create, rotate and revoke keys. The Octopost dashboard opens it with a
 * link (`POST …/portal-sessions`). It works without JavaScript and does everything through operations of the control plane.
 *
 * Guarantees that every page but the entry needs a session, and that only a form of the same session changes anything.
 * Stateless: links, sessions and keys belong to the ledger.
 */
import { NONCE, secureHeaders } from "hono/secure-headers";
import { Hono } from "../http/hono.ts";
import { requireHttps } from "../http/require-https.ts";
import { KEY_ID_FORMAT } from "../keys/key-record.ts";
import { logException } from "../log.ts";
import { isRefusal } from "../refusals.ts";
import { exportActivityCsv, exportActivityJson } from "./activity-export.ts";
import { activityPage } from "./activity-page.tsx";
import { csrfCheck, limitForm } from "./csrf-check.ts";
import { editKey, editKeyPage } from "./edit-key-page.tsx";
import { enter, enterPage } from "./enter-page.tsx";
import { scheduleRevocation } from "./finish-rotation-page.tsx";
import { keyDetailsPage, renameKey } from "./key-details-page.tsx";
import { exportKeys } from "./key-export.ts";
import { keyListPage } from "./key-list-page.tsx";
import { createKey, newKeyPage } from "./new-key-page.tsx";
import { refuse, showNotice, showSignedOut } from "./notices.tsx";
import { FORM_ID, type PortalContext, paths } from "./portal-context.ts";
import { revokeKey, revokePage } from "./revoke-page.tsx";
import { revokeSelected, revokeSelectedPage } from "./revoke-selected-page.tsx";
import { replaceKey, rotateKey, rotatePage } from "./rotate-page.tsx";
import { clearSessionCookie, requireSession, setSessionCookie } from "./session.ts";
import { showOncePage } from "./show-once-page.tsx";
import { resume, suspend, suspendPage } from "./suspend-page.tsx";
import { revokeTestedKey, testKey, testKeyPage } from "./test-key-page.tsx";

const METHODS = ["GET", "POST"];

/** A path with a malformed id is 404. */
const ID = `:id{${KEY_ID_FORMAT.source.slice(1, -1)}}`;
const FORM = `:form{${FORM_ID.source.slice(1, -1)}}`;

export const keyPage = new Hono<PortalContext>();

keyPage.use(
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: [NONCE],
      styleSrc: [NONCE],
      // The script loads forms into dialogs, keeps a rotation current and extends the session.
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    xFrameOptions: "DENY",
    // With `no-referrer` a browser sends forms with `Origin: null`.
    referrerPolicy: "same-origin",
    strictTransportSecurity: false,
  }),
);

keyPage.use(async function neverStoreOrIndex(c, next) {
  await next();
  c.header("Cache-Control", "no-store");
  c.header("X-Robots-Tag", "noindex");
  c.header("X-Request-Id", c.env.requestId);
});

keyPage.use(
  requireHttps<PortalContext>((c) => {
    if (c.req.method !== "GET") return refuse(c, { reason: "https_required" });
    return c.redirect(c.req.url.replace(/^http:/, "https:"), 308);
  }),
);

// Hono answers HEAD with the GET handler, which would use up links and secrets that are shown once.
keyPage.use(async function allowGetAndPost(c, next) {
  if (METHODS.includes(c.req.raw.method)) return await next();
  return refuse(c, { reason: "method_not_allowed", allow: METHODS });
});

keyPage.get(paths.enter(":token"), enterPage);
keyPage.post(paths.enter(":token"), limitForm, enter);

keyPage.use(requireSession);
keyPage.post("*", limitForm, csrfCheck);

keyPage.get(paths.root, (c) => c.redirect(paths.keys, 303));
keyPage.get(paths.keys, keyListPage);
keyPage.get(paths.newKey, newKeyPage);
keyPage.post(paths.newKey, createKey);
keyPage.get(paths.exportKeys, exportKeys);
keyPage.get(paths.revokeSelected, revokeSelectedPage);
keyPage.post(paths.revokeSelected, revokeSelected);
keyPage.get(paths.showOnce(FORM), showOncePage);
keyPage.get(paths.key(ID), keyDetailsPage);
keyPage.post(paths.rename(ID), renameKey);
keyPage.get(paths.edit(ID), editKeyPage);
keyPage.post(paths.edit(ID), editKey);
keyPage.get(paths.suspend(ID), suspendPage);
keyPage.post(paths.suspend(ID), suspend);
keyPage.post(paths.resume(ID), resume);
keyPage.get(paths.rotate(ID), rotatePage);
keyPage.post(paths.rotate(ID), rotateKey);
keyPage.post(paths.replace(ID), replaceKey);
keyPage.post(paths.scheduleRevocation(ID), scheduleRevocation);
keyPage.get(paths.revoke(ID), revokePage);
keyPage.post(paths.revoke(ID), revokeKey);
keyPage.get(paths.activity, activityPage);
keyPage.get(paths.activityCsv, exportActivityCsv);
keyPage.get(paths.activityJson, exportActivityJson);
keyPage.get(paths.test, testKeyPage);
keyPage.post(paths.test, testKey);
keyPage.post(paths.testRevoke, revokeTestedKey);

// The script asks for JSON, so that the page stays as it is.
keyPage.post(paths.stay, async (c) => {
  const session = await c.env.controlPlane.portal.extend(c.var.session);
  if (isRefusal(session)) return refuse(c, session);
  setSessionCookie(c, session);
  if (c.req.header("Accept") === "application/json") return c.json({ ends_at: session.endsAt });
  return c.redirect(paths.keys, 303);
});

keyPage.post(paths.signOut, async (c) => {
  const { session } = c.var;
  const ended = await c.env.controlPlane.portal.signOut(session);
  if (isRefusal(ended)) return refuse(c, ended);
  clearSessionCookie(c);
  c.set("session", undefined as never);
  return showSignedOut(c, session.returnUrl);
});

keyPage.notFound((c) => refuse(c, { reason: "not_found" }));

keyPage.onError((error, c) => {
  logException(c.env.requestId, error);
  return showNotice(c, { reason: "exception" });
});
