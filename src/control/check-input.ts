/**
 * Checks an input against its schema. A refusal names every invalid field, and of unknown fields the first one, and says
 * what the field must be.
 *
 * Guarantees that no value of the input is repeated, since it may be a secret. The same holds for the name of an
 * unknown field: it is repeated only if it looks like a name.
 */
import * as v from "valibot";
import type { Refusal } from "../refusals.ts";
import { valueProblem } from "./json-bounds.ts";

/** The checked input, which has no field `reason`, or a refusal. `field` names an input that is not an object. */
export function check<Schema extends v.GenericSchema<unknown, object>>(
  schema: Schema,
  input: unknown,
  field: string,
): v.InferOutput<Schema> | Refusal {
  const problems = new Problems();
  const output = problems.check(schema, input, field);
  return problems.refusal() ?? (output as v.InferOutput<Schema>);
}

/** A refusal for times that must be in the future and are not. */
export function refusePast(
  times: Readonly<Record<string, string | null | undefined>>,
  now: number,
): Refusal | null {
  const past = Object.entries(times).filter(
    ([, time]) => typeof time === "string" && Date.parse(time) <= now,
  );
  if (past.length === 0) return null;
  return {
    reason: "invalid_input",
    details: Object.fromEntries(past.map(([field]) => [field, "must be in the future"])),
  };
}

/** The first problem of each field, over all parts of a request. */
export class Problems {
  /** A map, since a field may be called `constructor`. */
  readonly #texts = new Map<string, string>();

  /** The part as its schema makes it; undefined when it has problems. */
  check<Schema extends v.GenericSchema>(
    schema: Schema,
    input: unknown,
    field: string,
  ): v.InferOutput<Schema> | undefined {
    const problem = Array.isArray(input) ? "must be an object" : valueProblem(input);
    if (problem !== null) {
      this.#add(field, problem);
      return undefined;
    }
    const result = v.safeParse(schema, input);
    if (result.success) return result.output;
    for (const issue of result.issues) {
      if (isUnnameable(issue)) this.#add(parentOf(issue) || field, "must have no unknown fields");
      else this.#add(v.getDotPath(issue) ?? field, explain(issue));
    }
    return undefined;
  }

  refusal(): Refusal | null {
    if (this.#texts.size === 0) return null;
    return { reason: "invalid_input", details: Object.fromEntries(this.#texts) };
  }

  #add(name: string, text: string): void {
    if (!this.#texts.has(name)) this.#texts.set(name, text);
  }
}

/** Text pasted where a name belongs is not repeated; keys, hashes and tokens have digits or capital letters. */
const NAME_OF_A_FIELD = /^[a-z_]{1,24}$/;

function isUnnameable(issue: v.BaseIssue<unknown>): boolean {
  const isUnknownField = issue.type === "strict_object" && issue.expected === "never";
  return isUnknownField && !NAME_OF_A_FIELD.test(String(issue.path?.at(-1)?.key));
}

/** The path of the object that has the unknown field. */
function parentOf({ path }: v.BaseIssue<unknown>): string {
  const within = path?.slice(0, -1).map(({ key }) => String(key)) ?? [];
  return within.join(".");
}

function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "strict_object") {
    if (issue.expected === "never") return "is not a known field";
    return issue.received === "undefined" && issue.path ? "is required" : "must be an object";
  }
  if (issue.type === "picklist")
    return `must be one of ${issue.expected?.replaceAll(/[("')]/g, "").replaceAll(" |", ",")}`;
  return issue.received === "undefined" && issue.kind === "schema" ? "is required" : issue.message;
}
