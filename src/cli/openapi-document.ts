/**
 * The control plane's OpenAPI 3.1 document, generated from the operations and their schemas. Pure.
 *
 * `npm run openapi` writes it to src/control/openapi.json, so that the Worker contains the document and not its
 * generator. A test fails when the two differ.
 */
import { type JsonSchema, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { Operation } from "../control/operation.ts";
import { OPERATIONS } from "../control/operations.ts";
import { accountSchema, changedAccountSchema, restrictedAccountSchema } from "../keys/account.ts";
import {
  changedKeySchema,
  eventSchema,
  issuedKeySchema,
  keySchema,
  ownLimitsSchema,
  restrictedKeySchema,
  revokedKeySchema,
  rotatedKeySchema,
} from "../keys/api-key.ts";

/** Schemas with a name; the document refers to them wherever they occur. */
const NAMED = {
  OwnLimits: ownLimitsSchema,
  Key: keySchema,
  IssuedKey: issuedKeySchema,
  RotatedKey: rotatedKeySchema,
  ChangedKey: changedKeySchema,
  RestrictedKey: restrictedKeySchema,
  RevokedKey: revokedKeySchema,
  Event: eventSchema,
  Account: accountSchema,
  ChangedAccount: changedAccountSchema,
  RestrictedAccount: restrictedAccountSchema,
};

/** The dialect of OpenAPI 3.1. Checks in code, which JSON Schema cannot express, are left out. */
const JSON_SCHEMA = {
  target: "draft-2020-12",
  errorMode: "ignore",
  definitions: NAMED,
  overrideRef: ({ referenceId }: { referenceId: string }) => refTo(referenceId).$ref,
} as const;

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const REFUSAL_REF = refTo("Refusal");

const STATUS_MEANING: Readonly<Record<number, string>> = {
  400: "The body is not JSON",
  401: "The credential is missing or wrong",
  403: "The credential does not have the right to this call, which `details` names",
  404: "The account or key does not exist",
  409: "The key's state does not allow it, or the same request is in progress",
  413: "The body is larger than 1 MiB",
  415: "The body is not application/json",
  422: "The input is not valid; `details` names each field",
  429: "Too many new keys of the account, or too many failed lookups from the client's network",
  500: "An internal error of the gateway",
  503: "A store is unreachable; nothing was done, or the call is safe to repeat",
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
    // The Worker replaces it with the address from which the document was fetched.
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
    403,
    ...(operation.body ? [400, 413, 415] : []),
    ...operation.refusals,
    500,
    ...(operation.answersByRow ? [] : [503]),
  ]
    .filter((status) => ![401, 403].includes(status) || needsToken(operation))
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
      [operation.status, { description: "Success", content: json(outputSchema(operation.answer)) }],
      ...statuses.map((status) => [
        status,
        { description: STATUS_MEANING[status], content: json(REFUSAL_REF) },
      ]),
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
  return withoutPreamble(toJsonSchema(schema, { ...JSON_SCHEMA, typeMode: "input" }));
}

function outputSchema(schema: v.GenericSchema) {
  return withoutPreamble(toJsonSchema(schema, JSON_SCHEMA));
}

/** Without the parts that a schema needs outside a document. */
function withoutPreamble({ $schema, $defs, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

const REFUSAL_SCHEMA = {
  type: "object",
  properties: {
    error: { type: "string", description: "For humans; may change" },
    code: { type: "string", description: "For programs; stable" },
    details: { type: "object" },
  },
  required: ["error", "code"],
  additionalProperties: false,
};
