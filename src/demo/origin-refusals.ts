/**
 * How a demo origin says no: the error bodies of the Octopost documentation.
 *
 * Guarantees: one shape for all, `{"error", "code", "details"?}`, and never an exception's text.
 */
import type { Context } from "hono";

const STATUS = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
} as const;

/** Thrown by a route, turned into a response by `answerError`, which nothing gets past. */
export class Refusal extends Error {
  readonly code: keyof typeof STATUS;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: keyof typeof STATUS, publicText: string, details?: Record<string, unknown>) {
    super(publicText);
    this.code = code;
    this.details = details;
  }
}

export function answerError(error: Error, c: Context): Response {
  if (!(error instanceof Refusal)) {
    return c.json({ error: "Something went wrong at the origin", code: "internal_error" }, 500);
  }
  const body = { error: error.message, code: error.code };
  return c.json(error.details ? { ...body, details: error.details } : body, STATUS[error.code]);
}

/** For every method a path does not have: the documentation's code for that is bad_request. */
export function refuseMethod(c: Context): never {
  throw new Refusal("bad_request", `Method ${c.req.method} is not supported by this endpoint`);
}

export function found<T>(items: Map<string, T>, id: string, kind: string): T {
  const item = items.get(id);
  if (item === undefined) throw new Refusal("not_found", `${kind} not found`);
  return item;
}
