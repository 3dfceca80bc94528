/** The operations for which the key itself is the credential: its holder can identify and revoke it. */
import * as v from "valibot";
import { keySchema } from "../../keys/api-key.ts";
import { isRefusal } from "../../refusals.ts";
import { defineOperation } from "../operation.ts";

const possessionInput = v.strictObject({
  secret: v.pipe(
    v.string("must be a string"),
    v.minLength(1, "must not be empty"),
    v.maxLength(1000, "is too long"),
  ),
});

export const identifyKey = defineOperation({
  name: "identifyKey",
  summary: "Identify a key by its text.",
  method: "post",
  path: "/identify",
  right: "possession",
  body: possessionInput,
  status: 200,
  answer: keySchema,
  refusals: [404, 422, 429],
  repeatable: true,
  run: async ({ finder, ledgers }, { body, address }) => {
    const record = await finder.findLimited(body.secret, address);
    if (isRefusal(record)) return record;
    return await ledgers.call(record.account, (ledger) => ledger.getKey(record.id), { retry: true });
  },
});

/** In the spirit of RFC 7009. An unreachable store is 503, since the key may still work. */
export const revokeByPossession = defineOperation({
  name: "revokeByPossession",
  summary: "End a key by showing it. The same answer whether the key existed or not.",
  method: "post",
  path: "/revoke",
  right: "possession",
  body: possessionInput,
  status: 200,
  answer: v.strictObject({}),
  refusals: [422, 429],
  repeatable: true,
  run: async ({ finder, ledgers }, { body, address }) => {
    const record = await finder.findLimited(body.secret, address);
    if (isRefusal(record)) {
      const { reason } = record;
      return reason === "store_unreachable" || reason === "too_many_look_ups" ? record : {};
    }
    const outcome = await ledgers.call(
      record.account,
      (ledger) => ledger.revokeKey(record.id, { actor: "possession", idempotencyKey: null }, null),
      { retry: true, waitsFor: ["leases"] },
    );
    return isRefusal(outcome) && outcome.reason !== "not_found" ? outcome : {};
  },
});
