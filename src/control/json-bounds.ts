/**
 * Bounds on input before any schema reads it, so that no body costs much CPU time: nesting is bounded before JSON is
 * parsed, the number of values after that. Pure.
 *
 * Guarantees that a value within the bounds is JSON data. RPC can pass other values, such as a `Map`, which a schema of
 * optional fields would take for an object without fields.
 */

export const DEPTH_MAX = 16;
/** A thousand import rows with every permission fit. */
export const VALUES_MAX = 20_000;

const TOO_DEEP = `must not be nested more than ${DEPTH_MAX} levels deep`;
const TOO_MANY = `must not have more than ${VALUES_MAX} values`;
const NOT_JSON = "must contain only JSON values";

/** The problem of a JSON text, or null. Reads each character once; the text may be malformed. */
export function textProblem(json: string): string | null {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (isInString) {
      if (character === "\\") i += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "[" || character === "{") {
      depth += 1;
      if (depth > DEPTH_MAX) return TOO_DEEP;
    } else if (character === "]" || character === "}") depth -= 1;
  }
  return null;
}

/** The problem of a value, or null. */
export function valueProblem(value: unknown): string | null {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    values += 1;
    if (values > VALUES_MAX) return TOO_MANY;
    const children = childrenOf(next.value);
    if (children === null) return NOT_JSON;
    if (children.length > 0 && next.depth === DEPTH_MAX) return TOO_DEEP;
    if (values + children.length > VALUES_MAX) return TOO_MANY;
    for (const child of children) open.push({ value: child, depth: next.depth + 1 });
  }
  return null;
}

/** null: not JSON. `undefined` is a field left out. */
function childrenOf(value: unknown): readonly unknown[] | null {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return ["string", "number", "boolean"].includes(typeof value) ? [] : null;
  if (Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.values(value) : null;
}
