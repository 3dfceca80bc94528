/** The answers of the control plane beyond single keys, events and accounts: pages, counts and verdicts. */
import * as v from "valibot";
import { eventSchema, keySchema } from "../keys/api-key.ts";
import { timestampSchema } from "../keys/timestamp.ts";

export const cursorSchema = v.pipe(
  v.nullable(v.string()),
  v.description("Pass it as `cursor` to get the next page; null: this is the last"),
);
export const keyPageSchema = v.strictObject({ keys: v.array(keySchema), next_cursor: cursorSchema });
export const eventPageSchema = v.strictObject({ events: v.array(eventSchema), next_cursor: cursorSchema });
export const revokedCountSchema = v.strictObject({
  revoked: v.pipe(v.number(), v.integer()),
  effective_at: timestampSchema,
});
/** One row of an import: the key's id, or why there is none. */
const rowVerdictSchema = v.strictObject({
  row: v.pipe(v.number(), v.integer()),
  id: v.optional(v.string()),
  error: v.optional(
    v.picklist([
      "validation_error",
      "store_unreachable",
      "ledger_unreachable",
      "known_elsewhere",
      "conflict",
      "internal_error",
    ]),
  ),
  details: v.optional(v.record(v.string(), v.string())),
});
export const verdictsSchema = v.strictObject({
  keys: v.array(rowVerdictSchema),
  warning: v.optional(v.pipe(v.string(), v.description("Why requests with the imported keys fail"))),
});
export type RowVerdict = v.InferOutput<typeof rowVerdictSchema>;

export const rebuiltSchema = v.strictObject({
  written: v.pipe(v.number(), v.integer()),
  next_cursor: cursorSchema,
});

export const healthSchema = v.strictObject({
  status: v.literal("ok"),
  kv_ms: v.number(),
  ledger_ms: v.number(),
});
