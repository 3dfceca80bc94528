/**
 * The control plane over HTTP: one route per operation.
 *
 * Checks the credential and reads the body; `ControlPlane` does everything else. The gateway imports nothing from here.
 */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { clientAddress } from "../http/client-address.ts";
import { Hono } from "../http/hono.ts";
import { requireHttps } from "../http/require-https.ts";
import { logException, logRefusal } from "../log.ts";
import { isRefusal, type Refusal, refusalResponse } from "../refusals.ts";
import { check } from "./check-input.ts";
import { type CallerInput, NO_PARAMETERS } from "./control-input.ts";
import { POSSESSION } from "./credential.ts";
import { textProblem } from "./json-bounds.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { type ControlEnv, requireCredential } from "./require-credential.ts";

export const CONTROL_BODY_MAX_BYTES = 1_048_576;

export const controlApi = new Hono<ControlEnv>().basePath("/control/v1");

controlApi.use(requireHttps<ControlEnv>((c) => refuse(c, { reason: "https_required" })));

// Made from the operations by `npm run openapi`; loaded by the first request for it.
controlApi.get("/openapi.json", async (c) => {
  const query = check(NO_PARAMETERS, queryOf(c), "query");
  if (isRefusal(query)) return refuse(c, query);
  const { default: document } = await import("./openapi.json", { with: { type: "json" } });
  return answer(c, { ...document, servers: [{ url: new URL(".", c.req.url).href.slice(0, -1) }] }, 200);
});

const limitBody = bodyLimit({
  maxSize: CONTROL_BODY_MAX_BYTES,
  onError: (c) => refuse(c as Context<ControlEnv>, { reason: "body_too_large" }),
});

for (const operation of OPERATIONS) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, ":$1");
  const guards = operation.right === "possession" ? [limitBody] : [requireCredential, limitBody];
  controlApi.on(operation.method.toUpperCase(), [path], ...guards, (c) => perform(c, operation));
}

// GitHub's signature over the raw body is the credential.
controlApi.post("/secret-scanning/github", limitBody, async (c) => {
  const result = await c.env.controlPlane.secretScanning.report({
    body: new Uint8Array(await c.req.arrayBuffer()),
    keyId: c.req.header("Github-Public-Key-Identifier") ?? "",
    signature: c.req.header("Github-Public-Key-Signature") ?? "",
    address: clientAddress(c.req.raw),
  });
  return isRefusal(result) ? refuse(c, result) : answer(c, result, 200);
});

// An unknown path is 404 only with a credential; without one, 401.
controlApi.all("*", requireCredential, (c) => refuse(c, { reason: "not_found" }));

controlApi.notFound((c) => refuse(c, { reason: "outside_api" }));

controlApi.onError((error, c) => {
  logException(c.env.requestId, error);
  return refusalResponse({ reason: "exception" }, c.env.requestId, c.env.settings.docsUrl);
});

async function perform(c: Context<ControlEnv>, operation: Operation): Promise<Response> {
  const body = operation.body ? await readBody(c, operation.bodyOptional === true) : NO_BODY;
  if (isRefusal(body)) return refuse(c, body);
  const result = await c.env.controlPlane.perform(operation, {
    account: c.req.param("account"),
    id: c.req.param("id"),
    query: queryOf(c),
    body: body.json,
    caller: callerOf(c, operation),
    address: clientAddress(c.req.raw),
    origin: new URL(c.req.url).origin,
    requestId: c.env.requestId,
    credential: operation.right === "possession" ? POSSESSION : c.get("credential"),
  });
  return isRefusal(result) ? refuse(c, result) : answer(c, result, operation.status);
}

/** A parameter that is sent twice is a list, which no field accepts. */
function queryOf(c: Context<ControlEnv>): Readonly<Record<string, unknown>> {
  const { searchParams } = new URL(c.req.url);
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

function callerOf(c: Context<ControlEnv>, { idempotent }: Operation): CallerInput {
  const actor = c.req.header("Octopost-Actor");
  const idempotency_key = idempotent ? c.req.header("Idempotency-Key") : undefined;
  return { ...(actor !== undefined && { actor }), ...(idempotency_key !== undefined && { idempotency_key }) };
}

const NO_BODY = { json: {} };

async function readBody(
  c: Context<ControlEnv>,
  isOptional: boolean,
): Promise<{ readonly json: unknown } | Refusal> {
  const text = await c.req.text();
  if (text === "" && isOptional) return NO_BODY;
  if (!/^application\/json\s*(?:;|$)/i.test(c.req.header("Content-Type") ?? "")) {
    return { reason: "wrong_content_type" };
  }
  const problem = textProblem(text);
  if (problem !== null) return { reason: "invalid_input", details: { body: problem } };
  try {
    return { json: JSON.parse(text) };
  } catch {
    return { reason: "malformed_json" };
  }
}

function answer(c: Context<ControlEnv>, result: object, status: 200 | 201): Response {
  return c.json(result, status, { "Cache-Control": "no-store", "X-Request-Id": c.env.requestId });
}

function refuse(c: Context<ControlEnv>, refusal: Refusal): Response {
  logRefusal(c.env.requestId, c.req.method, refusal);
  return refusalResponse(refusal, c.env.requestId, c.env.settings.docsUrl);
}
