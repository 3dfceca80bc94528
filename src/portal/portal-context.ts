/** What the pages share: settings and the control plane from the Worker, the session of this request, and the paths. */
import type { Context } from "hono";
import type { ControlPlane } from "../control/control-plane.ts";
import type { PortalSession } from "../control/portal-sessions.ts";
import type { Settings } from "../settings.ts";

export interface PortalContext {
  Bindings: {
    readonly settings: Settings;
    readonly controlPlane: ControlPlane;
    readonly requestId: string;
    /** The clock, in Unix milliseconds. */
    readonly now: () => number;
  };
  Variables: {
    /** Set by `secureHeaders`; the page's own style and script carry it. */
    secureHeadersNonce?: string;
    /** Set by `requireSession`; undefined on the pages before it and after signing out. */
    session: PortalSession;
    /** Set by `requireSession`: the CSRF token that every form of this session sends. */
    csrfToken: string;
    /** The submitted form, set by `csrfCheck`. */
    form: URLSearchParams;
  };
}

export type PortalRequest = Context<PortalContext>;

/** The session, on pages that are also shown without one. */
export function sessionOf(c: PortalRequest): PortalSession | undefined {
  return c.var.session as PortalSession | undefined;
}

/** The form field that carries the CSRF token. */
export const CSRF_FIELD = "form_token";

/** A form's id: part of a path. The `Idempotency-Key` of the form's call is derived from it. */
export const FORM_ID = /^[A-Za-z0-9_-]{1,64}$/;

const PORTAL = "/portal";

export const paths = {
  root: PORTAL,
  enter: (token: string) => `${PORTAL}/enter/${token}`,
  keys: `${PORTAL}/keys`,
  newKey: `${PORTAL}/keys/new`,
  newLike: (id: string) => `${PORTAL}/keys/new?like=${id}`,
  exportKeys: `${PORTAL}/keys.csv`,
  revokeSelected: `${PORTAL}/keys/revoke`,
  key: (id: string) => `${PORTAL}/keys/${id}`,
  edit: (id: string) => `${PORTAL}/keys/${id}/edit`,
  suspend: (id: string) => `${PORTAL}/keys/${id}/suspend`,
  resume: (id: string) => `${PORTAL}/keys/${id}/resume`,
  rename: (id: string) => `${PORTAL}/keys/${id}/rename`,
  rotate: (id: string) => `${PORTAL}/keys/${id}/rotate`,
  replace: (id: string) => `${PORTAL}/keys/${id}/replace`,
  scheduleRevocation: (id: string) => `${PORTAL}/keys/${id}/end`,
  revoke: (id: string) => `${PORTAL}/keys/${id}/revoke`,
  showOnce: (formId: string) => `${PORTAL}/new-keys/${formId}`,
  activity: `${PORTAL}/activity`,
  activityCsv: `${PORTAL}/activity.csv`,
  activityJson: `${PORTAL}/activity.json`,
  stay: `${PORTAL}/stay`,
  test: `${PORTAL}/test`,
  testRevoke: `${PORTAL}/test/revoke`,
  signOut: `${PORTAL}/sign-out`,
} as const;
