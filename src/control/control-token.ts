/**
 * Authenticates calls to the control plane: the bearer token is `CONTROL_TOKEN`, or `CONTROL_TOKEN_PREVIOUS` during a
 * rotation. An API key is never accepted here.
 */
import { createMiddleware } from "hono/factory";
import { bearerToken } from "../http/bearer-token.ts";
import { isSameSecret } from "../keys/digests.ts";
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
}

export const requireControlToken = createMiddleware<ControlEnv>(async (c, next) => {
  const refusal = await checkToken(c.req.header("Authorization"), c.env.settings.controlTokens);
  if (!refusal) return await next();
  logRefusal(c.env.requestId, c.req.method, refusal);
  return refusalResponse(refusal, c.env.requestId, c.env.settings.docsUrl);
});

async function checkToken(
  authorization: string | undefined,
  controlTokens: readonly string[],
): Promise<Refusal | null> {
  const token = bearerToken(authorization ?? null);
  if (typeof token !== "string") return token;
  // Compares with every token, so that timing does not tell which one matched.
  const equal = await Promise.all(controlTokens.map((one) => isSameSecret(token, one)));
  return equal.includes(true) ? null : { reason: "wrong_control_token" };
}
