/** Authenticates calls to the control plane over HTTP. An API key is never accepted here. */
import { createMiddleware } from "hono/factory";
import { logRefusal } from "../log.ts";
import { isRefusal, refusalResponse } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type Credential, credentialOfToken } from "./credential.ts";

export interface ControlEnv {
  Bindings: {
    readonly settings: Settings;
    readonly controlPlane: ControlPlane;
    readonly requestId: string;
  };
  Variables: {
    /** Set behind `requireCredential`. */
    credential: Credential;
  };
}

export const requireCredential = createMiddleware<ControlEnv>(async (c, next) => {
  const { settings, requestId } = c.env;
  const credential = await credentialOfToken(c.req.header("Authorization") ?? null, settings);
  if (!isRefusal(credential)) {
    c.set("credential", credential);
    return await next();
  }
  logRefusal(requestId, c.req.method, credential);
  return refusalResponse(credential, requestId, settings.docsUrl);
});
