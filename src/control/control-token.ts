/**
 * Authenticates calls to the control plane: the bearer token is `CONTROL_TOKEN`, or `CONTROL_TOKEN_PREVIOUS` during a
 * rotation. An API key is never accepted here.
 */
import { createMiddleware } from "hono/factory";
import { bearerToken } from "../http/bearer-token.ts";
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
  return refusalResponse(refusal, c.env.requestId);
});

async function checkToken(
  authorization: string | undefined,
  controlTokens: readonly string[],
): Promise<Refusal | null> {
  if (!authorization) return { reason: "missing_credential" };
  const token = bearerToken(authorization);
  if (token === undefined) return { reason: "malformed_credential" };
  // Compares with every token, so that timing does not tell which one matched.
  const equal = await Promise.all(controlTokens.map((one) => equalInConstantTime(token, one)));
  return equal.includes(true) ? null : { reason: "wrong_control_token" };
}

/** Compares digests, so that neither the content nor the length of the token shows in the time it takes. */
async function equalInConstantTime(a: string, b: string): Promise<boolean> {
  const [digestA, digestB] = await Promise.all([sha256(a), sha256(b)]);
  return crypto.subtle.timingSafeEqual(digestA, digestB);
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
