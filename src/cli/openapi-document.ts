/**
 * The control plane's OpenAPI 3.1 document, made from the table of operations and its schemas. Pure.
 *
 * Made on this machine (openapi.ts) and kept as src/control/openapi.json, so that the Worker carries the document and
 * not what makes it. A test holds the two alike.
 */
import { type JsonSchema, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { Operation } from "../control/operation.ts";
import { OPERATIONS } from "../control/operations.ts";
import {
  accountSchema,
  eventSchema,
  issuedKeySchema,
  keySchema,
  revokedKeySchema,
  rotatedKeySchema,
} from "../keys/api-key.ts";

/** What has a name of its own; wherever else it occurs the document refers to it. */
const NAMED = {
  Key: keySchema,
  IssuedKey: issuedKeySchema,
  RotatedKey: rotatedKeySchema,
  RevokedKey: revokedKeySchema,
  Event: eventSchema,
  Account: accountSchema,
};

/** OpenAPI 3.1 speaks this dialect. What JSON Schema cannot say (a check in code) is left to the answer. */
const JSON_SCHEMA = {
  target: "draft-2020-12",
  errorMode: "ignore",
  definitions: NAMED,
  overrideRef: ({ referenceId }: { referenceId: string }) => refTo(referenceId).$ref,
} as const;

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const REFUSED = refTo("Refusal");

const STATUS_MEANING: Readonly<Record<number, string>> = {
  400: "The body is not JSON",
  401: "No or a wrong control token",
  404: "No such account or key",
  409: "The key's state does not allow it, or the same request is under way",
  413: "The body is larger than 1 MiB",
  415: "The body is not application/json",
  422: "The input is not valid; `details` names each field",
  429: "Too many calls from this address",
  500: "A fault of the gateway",
  503: "A store cannot be reached; nothing was done, or it is safe to ask again",
};

export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] ??= {};
    (paths[operation.path] as Record<string, object>)[operation.method] = describe(operation);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Octopost gateway control plane", version: "1", license: { name: "MIT" } },
    // The Worker puts in its place where the document was fetched from.
    servers: [{ url: "/control/v1" }],
    security: [{ controlToken: [] }],
    paths,
    components: {
      securitySchemes: { controlToken: { type: "http", scheme: "bearer" } },
      schemas: { ...toJsonSchemaDefs(NAMED, JSON_SCHEMA), Refusal: REFUSAL_SCHEMA },
    },
  };
}

function describe(operation: Operation): object {
  const statuses = [
    401,
    ...(operation.body ? [400, 413, 415] : []),
    ...operation.refusals,
    500,
    ...(operation.answersByRow ? [] : [503]),
  ]
    .filter((status) => status !== 401 || needsToken(operation))
    .sort((a, b) => a - b);
  const json = (schema: object) => ({ "application/json": { schema } });
  return {
    operationId: operation.name,
    summary: operation.summary,
    ...(needsToken(operation) ? {} : { security: [] }),
    parameters: parametersOf(operation),
    ...(operation.body && {
      requestBody: {
        required: !operation.bodyOptional,
        content: json(inputSchema(operation.documentedBody ?? operation.body)),
      },
    }),
    responses: Object.fromEntries([
      [operation.status, { description: "Done", content: json(outputSchema(operation.answer)) }],
      ...statuses.map((status) => [status, { description: STATUS_MEANING[status], content: json(REFUSED) }]),
    ]),
  };
}

function parametersOf(operation: Operation): object[] {
  const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = operation.query ? inputSchema(operation.query) : {};
  const inQuery = Object.entries(query.properties ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    schema,
  }));
  const header = (name: string, maxLength: number) => ({
    name,
    in: "header",
    schema: { type: "string", maxLength },
  });
  const changes = needsToken(operation) && operation.method !== "get";
  return [
    ...inPath,
    ...inQuery,
    ...(changes ? [header("Octopost-Actor", 100)] : []),
    ...(operation.idempotent ? [header("Idempotency-Key", 255)] : []),
  ];
}

function needsToken({ right }: Operation): boolean {
  return right !== "possession";
}

function inputSchema(schema: v.GenericSchema) {
  return withoutFrame(toJsonSchema(schema, { ...JSON_SCHEMA, typeMode: "input" }));
}

function outputSchema(schema: v.GenericSchema) {
  return withoutFrame(toJsonSchema(schema, JSON_SCHEMA));
}

/** What a schema needs to stand alone: here the document says it once for all. */
function withoutFrame({ $schema, $defs, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

const REFUSAL_SCHEMA = {
  type: "object",
  properties: {
    error: { type: "string", description: "For people" },
    code: { type: "string", description: "For programs" },
    details: { type: "object" },
  },
  required: ["error", "code"],
  additionalProperties: false,
};
