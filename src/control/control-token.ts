/**
 * Authenticates calls to the control plane: the bearer token is `CONTROL_TOKEN`, or `CONTROL_TOKEN_PREVIOUS` during a
 * rotation. An API key is never accepted here.
 */
import { createMiddleware } from "hono/factory";
import { bearerToken } from "../http/bearer-token.ts";
import { base64url, isSameSecret, sha256 } from "../keys/digests.ts";
import { logRefusal } from "../log.ts";
import { type Refusal, refusalResponse } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { KeyOperations } from "./key-operations.ts";

export interface ControlEnv {
  Bindings: {
    readonly settings: Settings;
    readonly operations: KeyOperations;
    readonly requestId: string;
  };
  Variables: {
    /** Identifies the token, without revealing it; set behind `requireControlToken`. */
    credential: string;
  };
}

export const requireControlToken = createMiddleware<ControlEnv>(async (c, next) => {
  const { controlTokens, docsUrl } = c.env.settings;
  const token = await controlToken(c.req.header("Authorization") ?? null, controlTokens);
  if (typeof token === "string") {
    c.set("credential", await credentialOf(token));
    return await next();
  }
  logRefusal(c.env.requestId, c.req.method, token);
  return refusalResponse(token, c.env.requestId, docsUrl);
});

/** Separates this digest from every other one of the token. */
const CREDENTIAL_LABEL = "octopost control credential v1:";

/** Without the pepper, so that a call repeated during a pepper's rotation has the same credential. */
async function credentialOf(token: string): Promise<string> {
  return base64url(await sha256(CREDENTIAL_LABEL + token));
}

/** The token of the header, which is one of `controlTokens`. */
async function controlToken(
  authorization: string | null,
  controlTokens: readonly string[],
): Promise<string | Refusal> {
  const token = bearerToken(authorization);
  if (typeof token !== "string") return token;
  // Compares with every token, so that timing does not tell which one matched.
  const equal = await Promise.all(controlTokens.map((one) => isSameSecret(token, one)));
  return equal.includes(true) ? token : { reason: "wrong_control_token" };
}
