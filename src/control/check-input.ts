/**
 * Checks an input against its schema. What does not fit is refused with every field named that is wrong, in
 * words of ours: never what was sent, which may be a secret. That goes for a field's name too: one that is not known
 * is repeated only if it reads like a name.
 */
import * as v from "valibot";
import type { Refusal } from "../refusals.ts";

export type Checked<Output> = { readonly value: Output } | Refusal;

/** `field` names the input in the refusal when it is not an object with fields of its own. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  field = "body",
): Checked<v.InferOutput<Schema>> {
  if (Array.isArray(input)) return { reason: "invalid_input", details: { [field]: "must be an object" } };
  const result = v.safeParse(schema, input);
  if (result.success) return { value: result.output };
  // The first thing wrong with each field. A map, since a field may be called `constructor`.
  const details = new Map<string, string>();
  for (const issue of result.issues) {
    const { name, text } = isUnnameable(issue) ? around(issue, field) : named(issue, field);
    if (!details.has(name)) details.set(name, text);
  }
  return { reason: "invalid_input", details: Object.fromEntries(details) };
}

/** A refusal for times that should lie ahead and do not. */
export function checkAhead(
  times: Readonly<Record<string, string | null | undefined>>,
  now: number,
): Refusal | null {
  const past = Object.entries(times).filter(
    ([, time]) => typeof time === "string" && Date.parse(time) <= now,
  );
  if (past.length === 0) return null;
  return {
    reason: "invalid_input",
    details: Object.fromEntries(past.map(([field]) => [field, "must lie in the future"])),
  };
}

function named(issue: v.BaseIssue<unknown>, field: string) {
  return { name: v.getDotPath(issue) ?? field, text: explain(issue) };
}

/** What is pasted where a name belongs is not repeated; keys, hashes and tokens have digits or capital letters. */
const NAME_OF_A_FIELD = /^[a-z_]{1,24}$/;

function isUnnameable(issue: v.BaseIssue<unknown>): boolean {
  const isUnknownField = issue.type === "strict_object" && issue.expected === "never";
  return isUnknownField && !NAME_OF_A_FIELD.test(String(issue.path?.at(-1)?.key));
}

/** Names what the unknown field is in. */
function around({ path }: v.BaseIssue<unknown>, field: string) {
  const within = path?.slice(0, -1).map(({ key }) => String(key)) ?? [];
  return { name: within.join(".") || field, text: "must have no other fields than those known" };
}

function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "strict_object") {
    if (issue.expected === "never") return "is not a known field";
    return issue.received === "undefined" && issue.path ? "is required" : "must be an object";
  }
  if (issue.type === "picklist")
    return `must be one of ${issue.expected?.replaceAll(/[("')]/g, "").replaceAll(" |", ",")}`;
  if (issue.type === "union") return "is not one of the forms allowed";
  return issue.received === "undefined" && issue.kind === "schema" ? "is required" : issue.message;
}
