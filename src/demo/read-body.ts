/**
 * Reads a JSON request body against a schema.
 *
 * Guarantees: what comes out has the schema's shape and nothing else; anything amiss is a 400 as
 * the documentation words it, with `details` naming each field.
 */
import type { Context } from "hono";
import * as v from "valibot";
import { PLATFORMS } from "./account-data.ts";
import { Refusal } from "./origin-refusals.ts";

export async function readBody<S extends v.GenericSchema>(c: Context, schema: S): Promise<v.InferOutput<S>> {
  if (!/^application\/json\s*(;|$)/i.test(c.req.header("Content-Type") ?? "")) {
    throw new Refusal("bad_request", "Content-Type must be application/json");
  }
  const text = await c.req.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refusal("bad_request", "Request body must be valid JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Refusal("bad_request", "Request body must be a JSON object");
  }
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [first] = result.issues;
  const problem = `${v.getDotPath(first)}: ${first.message}`;
  throw new Refusal("bad_request", problem, v.flatten(result.issues).nested);
}

/** The message of an object's schema, which is used for its missing fields as well. */
export function objectProblem(issue: v.ObjectIssue): string {
  return issue.received === "undefined" ? "is required" : "must be an object";
}

export const platformsSchema = v.pipe(
  v.array(v.picklist(PLATFORMS, `must be one of ${PLATFORMS.join(", ")}`), "must be a list of platforms"),
  v.minLength(1, "must name at least one platform"),
  v.check((platforms) => new Set(platforms).size === platforms.length, "must not name a platform twice"),
);

export const webAddressSchema = v.pipe(
  v.string("must be a string"),
  v.maxLength(2048, "must be at most 2048 characters long"),
  v.check((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must be an http or https URL"),
);
