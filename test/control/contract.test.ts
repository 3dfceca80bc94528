// The OpenAPI document against the running Worker: every documented status of every operation is provoked, and each
// answer must fit its documented schema. Only 500 is provoked in another way, by a missing setting, since no request
// to a correct Worker causes it.

import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import ajvFormats from "ajv-formats";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ControlAnswer } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { BROKEN_GATEWAY, CONTROL_WITH_IMPORTED } from "./control-clusters.ts";
import { OPERATIONS } from "./operations.ts";
import { PROVOCATIONS, refusedExampleOf } from "./provocations.ts";

interface DocumentedOperation {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly servers: readonly { url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

let cluster: GatewayCluster;
let document: OpenApi;
let ajv: Ajv2020;

beforeAll(async () => {
  // Long, so that a slow machine does not end a call here; only its answer or an injected fault does.
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
  document = (await cluster.control("GET", "/openapi.json", undefined, { token: null })).json;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  ajvFormats.default(ajv);
  ajv.addSchema(document, "control");
});

afterEach(({ task }) => {
  // A failed test may have left a fault.
  if (task.result?.state === "fail") return cluster.network.liftAllFaults();
});

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test("contains exactly the operations, and the server from which it was fetched", () => {
    expect(
      operations()
        .map(({ method, path, operation }) => [operation.operationId, method, path])
        .sort(),
    ).toEqual(
      Object.entries(OPERATIONS)
        .map(([name, { method, path }]) => [name, method, path])
        .sort(),
    );
    const { host, port } = cluster.gateway(0);
    expect(document.servers).toEqual([{ url: `http://${host}:${port}/control/v1` }]);
  });

  test("contains only valid JSON Schema 2020-12", () => {
    for (const { pointer, operation } of operations()) {
      for (const status of Object.keys(operation.responses))
        expect(() => answerSchema(pointer, status)).not.toThrow();
      if (operation.requestBody) expect(() => bodySchema(pointer)).not.toThrow();
    }
  });

  test("describes the 500 of a missing setting", async () => {
    const to = cluster.gateway(BROKEN_GATEWAY);
    const answer = await cluster.control("GET", "/accounts/acct/keys", undefined, { to });
    expect(answer.status).toBe(500);
    for (const { pointer } of operations()) expectFits(pointer, answer);
  });
});

describe.each(Object.keys(OPERATIONS))("%s", (name) => {
  test("answers every documented status with a body that fits its schema, and documents no other", async () => {
    const { pointer, operation } = documented(name);
    const provoked = PROVOCATIONS[name] ?? {};
    const documentedStatuses = Object.keys(operation.responses).filter((status) => status !== "500");
    expect(Object.keys(provoked)).toEqual(documentedStatuses);

    for (const [status, ways] of Object.entries(provoked)) {
      for (const [way, provoke] of Object.entries(ways)) {
        const answer = await provoke(cluster);
        expect(answer.status, `${name}, ${way}: ${answer.response.body}`).toBe(Number(status));
        expectFits(pointer, answer);
      }
    }
  });

  test("a valid request fits the schema of its body", async () => {
    const { pointer, operation } = documented(name);
    const { body } = await refusedExampleOf(cluster, name);
    expect(body !== undefined).toBe(operation.requestBody !== undefined);
    if (body === undefined) return;
    const validate = bodySchema(pointer);
    expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
  });
});

function expectFits(pointer: string, answer: ControlAnswer): void {
  const { response, json, status } = answer;
  expect(response.ended).toBe("complete");
  expect(response.header("Content-Type")).toMatch(/^application\/json\b/);
  expect(response.header("Cache-Control")).toBe("no-store");
  expect(response.header("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  const validate = answerSchema(pointer, String(status));
  expect(validate(json), `${status} ${JSON.stringify(validate.errors)} ${response.body}`).toBe(true);
}

function operations() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method,
      path,
      operation,
      pointer: `/paths/${encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"))}/${method}`,
    })),
  );
}

function documented(name: string) {
  const found = operations().find(({ operation }) => operation.operationId === name);
  if (!found) throw new Error(`the document does not name ${name}`);
  return found;
}

function answerSchema(pointer: string, status: string): ValidateFunction {
  return schemaAt(`${pointer}/responses/${status}/content/application~1json/schema`);
}

function bodySchema(pointer: string): ValidateFunction {
  return schemaAt(`${pointer}/requestBody/content/application~1json/schema`);
}

/** By text, because most answers have the same few schemas, and compiling one takes long. */
const compiled = new Map<string, ValidateFunction>();

function schemaAt(pointer: string): ValidateFunction {
  const text = JSON.stringify(valueAt(pointer));
  const validate = compiled.get(text) ?? ajv.getSchema(`control#${pointer}`);
  if (!validate) throw new Error(`the document has nothing at ${pointer}`);
  compiled.set(text, validate);
  return validate;
}

function valueAt(pointer: string): unknown {
  const names = pointer.split("/").slice(1);
  const unescaped = names.map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"));
  return unescaped.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    document,
  );
}
