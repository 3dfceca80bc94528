/** All problems of a form at once: those of reading it and those of its values, in the order of the page. */
import type * as v from "valibot";
import { check } from "../control/check-input.ts";
import { isRefusal } from "../refusals.ts";
import type { FieldProblems } from "./form-values.ts";
import { texts } from "./texts.ts";

/** By field, in the order of the page: the id of the element that a problem links to, and the field's label. */
export type FieldTargets = ReadonlyMap<string, readonly [id: string, label: string]>;

/** The problems of reading a form, then those of its values. `input`: the input of the operation. */
export function allProblems(
  read: FieldProblems,
  operation: { readonly body?: v.GenericSchema<unknown, object> },
  input: object,
): FieldProblems {
  if (operation.body === undefined) return read;
  const checked = check(operation.body, input, "form");
  const found =
    isRefusal(checked) && checked.reason === "invalid_input" ? Object.entries(checked.details) : [];
  return new Map([...read, ...found.filter(([field]) => !read.has(field))]);
}

/** The first problem of these fields or their parts, such as `allowed_ips.0`. */
export function problemOf(problems: FieldProblems, ...fields: readonly string[]): string | undefined {
  return [...problems].find(([field]) => fields.includes(fieldOf(field)))?.[1];
}

/** For the summary: one problem for each element, in the order of the page. */
export function listProblems(problems: FieldProblems, targets: FieldTargets) {
  const order = [...targets.keys()];
  const sorted = [...problems]
    .map(([field, text]) => [order.indexOf(fieldOf(field)), text] as const)
    .toSorted(([a], [b]) => a - b);
  const listed = new Map<string, string>();
  for (const [at, text] of sorted) {
    const [id, label] = targets.get(order[at] ?? "") ?? ["content", texts.create.thisForm];
    if (!listed.has(id)) listed.set(id, `${label} ${text}`);
  }
  return [...listed];
}

/** `allowed_ips.0` as `allowed_ips`, `limits.publish_per_hour` as `publish_per_hour`. */
function fieldOf(name: string): string {
  return name.replace(/^limits\./, "").split(".")[0] ?? "";
}
