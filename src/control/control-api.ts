/**
 * The control plane over HTTP: the router made from the table of operations.
 *
 * Checks the token and reads the body; everything else is `KeyOperations`. The gateway imports nothing
 * from here.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { clientAddress } from "../http/client-address.ts";
import { logException, logRefusal } from "../log.ts";
import { isRefusal, type Refusal, refusalResponse } from "../refusals.ts";
import type { Checked } from "./check-input.ts";
import { type ControlContext, requireControlToken } from "./control-token.ts";
import type { HttpOperation } from "./http-operation.ts";
import { HTTP_OPERATIONS } from "./http-operations.ts";

export const CONTROL_BODY_MAX_BYTES = 1_048_576;

export const controlApi = new Hono<ControlContext>().basePath("/control/v1");

// Made from the table of operations by `npm run openapi`; loaded by whoever asks for it.
controlApi.get("/openapi.json", async (c) => {
  const { default: document } = await import("./openapi.json", { with: { type: "json" } });
  return answer(c, { ...document, servers: [{ url: new URL(".", c.req.url).href.slice(0, -1) }] }, 200);
});

const limitBody = bodyLimit({
  maxSize: CONTROL_BODY_MAX_BYTES,
  onError: (c) => refuse(c as Context<ControlContext>, { reason: "body_too_large" }),
});

for (const operation of HTTP_OPERATIONS) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, ":$1");
  const guards = operation.needsToken ? [requireControlToken, limitBody] : [limitBody];
  controlApi.on(operation.method.toUpperCase(), [path], ...guards, (c) => carryOut(c, operation));
}

// What is no call says so only to those who may call.
controlApi.all("*", requireControlToken, (c) => refuse(c, { reason: "not_found" }));

controlApi.notFound((c) => refuse(c, { reason: "outside_api" }));

controlApi.onError((error, c) => {
  logException(c.env.requestId, error);
  return refusalResponse({ reason: "exception" }, c.env.requestId);
});

async function carryOut(c: Context<ControlContext>, operation: HttpOperation): Promise<Response> {
  const body = operation.body ? await readBody(c, operation.bodyOptional === true) : { value: {} };
  if (isRefusal(body)) return refuse(c, body);
  const result = await operation.run(c.env.operations, {
    account: c.req.param("account") ?? "",
    id: c.req.param("id") ?? "",
    query: c.req.query(),
    body: body.value,
    caller: {
      actor: c.req.header("Octopost-Actor"),
      idempotency_key: operation.idempotent ? c.req.header("Idempotency-Key") : undefined,
    },
    address: clientAddress(c.req.raw),
    origin: new URL(c.req.url).origin,
  });
  return isRefusal(result) ? refuse(c, result) : answer(c, result, operation.status);
}

async function readBody(c: Context<ControlContext>, optional: boolean): Promise<Checked<unknown>> {
  const text = await c.req.text();
  if (text === "" && optional) return { value: {} };
  if (!/^application\/json\s*(?:;|$)/i.test(c.req.header("Content-Type") ?? "")) {
    return { reason: "wrong_content_type" };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { reason: "malformed_json" };
  }
}

function answer(c: Context<ControlContext>, result: object, status: 200 | 201): Response {
  return c.json(result, status, { "Cache-Control": "no-store", "X-Request-Id": c.env.requestId });
}

function refuse(c: Context<ControlContext>, refusal: Refusal): Response {
  logRefusal(c.env.requestId, c.req.method, refusal);
  return refusalResponse(refusal, c.env.requestId);
}
