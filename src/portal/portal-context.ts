/** What every page of the key page knows: settings and operations from the front door, and who is here. */
import type { Context } from "hono";
import type { KeyOperations } from "../control/key-operations.ts";
import type { PortalSession } from "../control/portal-sessions.ts";
import type { Settings } from "../settings.ts";

export interface PortalContext {
  Bindings: {
    readonly settings: Settings;
    readonly operations: KeyOperations;
    readonly requestId: string;
    /** The clock, in Unix milliseconds. */
    readonly now: () => number;
  };
  Variables: {
    /** Lets this page's own style and script run, and no other. */
    nonce: string;
    /** Set behind `requireSession`. */
    visit: PortalSession;
    /** What a form of this session must bring along. */
    formToken: string;
    /** The form that was sent; set behind `requireOwnForm`. */
    form: URLSearchParams;
  };
}

export type PortalRequest = Context<PortalContext>;

/** The field in which every form brings its session's token. */
export const FORM_TOKEN = "form_token";

/** Where the key page lies. */
export const PORTAL = "/portal";

export const paths = {
  keys: `${PORTAL}/keys`,
  newKey: `${PORTAL}/keys/new`,
  activity: `${PORTAL}/activity`,
  test: `${PORTAL}/test`,
  leave: `${PORTAL}/leave`,
  key: (id: string) => `${PORTAL}/keys/${id}`,
  rename: (id: string) => `${PORTAL}/keys/${id}/rename`,
  rotate: (id: string) => `${PORTAL}/keys/${id}/rotate`,
  end: (id: string) => `${PORTAL}/keys/${id}/end`,
  revoke: (id: string) => `${PORTAL}/keys/${id}/revoke`,
  made: (formId: string) => `${PORTAL}/made/${formId}`,
} as const;
