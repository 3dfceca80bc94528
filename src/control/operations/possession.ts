/**
 * The operations for which the key itself is the credential: its holder can identify and revoke it.
 *
 * A key with a locator is looked up in its ledger alone, whatever KV says. Guarantees that success means a revoked key,
 * and that a key which passes its check is never throttled: only texts that fail the check count as guesses.
 */
import * as v from "valibot";
import { keySchema, revokedKeySchema } from "../../keys/api-key.ts";
import { isRefusal, type Refusal } from "../../refusals.ts";
import { POSSESSION } from "../credential.ts";
import { defineOperation } from "../operation.ts";

const possessionInput = v.strictObject({
  secret: v.pipe(
    v.string("must be a string"),
    v.maxLength(1000, "must have at most 1000 characters"),
    v.transform(withoutWrapping),
    v.description("The key's text. White space, quotes and `Bearer ` around it are ignored"),
  ),
});

/** In the spirit of RFC 7009. An unreachable store is 503, since the key may still work. */
export const revokeByPossession = defineOperation({
  name: "revokeByPossession",
  summary: "Revoke a key by its text. Success means that it is revoked; otherwise nothing was revoked.",
  method: "post",
  path: "/revoke",
  right: "possession",
  body: possessionInput,
  status: 200,
  answer: v.strictObject({
    id: revokedKeySchema.entries.id,
    effective_at: revokedKeySchema.entries.effective_at,
    waited_ms: revokedKeySchema.entries.waited_ms,
  }),
  refusals: [404, 422, 429],
  repeatable: true,
  run: async ({ finder, ledgers, revokedKeys }, { body: { secret }, caller, address }) => {
    const known = await revokedKeys.receipt(secret);
    if (known !== undefined) return receiptOf(known);
    const found = await finder.findLimited(secret, address);
    if (isRefusal(found)) return whyNothingRevoked(found);
    const { locator, hash, record } = found;
    const revoked = await ledgers.callByLocator(
      locator,
      (ledger) => ledger.revokeKeyByHash(hash, record?.account ?? null, { ...caller, actor: HOLDER }),
      { retry: true, waitsFor: ["leases"] },
    );
    if (isRefusal(revoked)) return revoked.reason === "not_found" ? { reason: "nothing_revoked" } : revoked;
    await revokedKeys.add(secret, revoked);
    return receiptOf(revoked);
  },
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
  run: async ({ finder, ledgers, revokedKeys }, { body: { secret }, address }) => {
    const known = await revokedKeys.object(secret);
    if (known !== undefined) return known;
    const found = await finder.findLimited(secret, address);
    if (isRefusal(found)) return whyNotIdentified(found);
    const { locator, hash, record } = found;
    return await ledgers.callByLocator(
      locator,
      (ledger) => ledger.getKeyByHash(hash, record?.account ?? null),
      { retry: true },
    );
  },
});

/** The actor also over RPC: the binding passes on the request of the key's holder. */
const HOLDER = { name: POSSESSION.name, claimed: null };

function receiptOf({ id, effective_at, waited_ms }: v.InferOutput<typeof revokedKeySchema>) {
  return { id, effective_at, waited_ms };
}

function whyNothingRevoked(refusal: Refusal): Refusal {
  switch (refusal.reason) {
    case "malformed_key":
    case "bad_checksum":
      return {
        reason: "invalid_input",
        details: {
          secret: "must be a whole API key: its form or its checksum is wrong; nothing was revoked",
        },
      };
    case "unknown_key":
      return { reason: "nothing_revoked" };
    case "corrupt_record":
      return { reason: "damaged_key_record" };
    default:
      return refusal;
  }
}

function whyNotIdentified(refusal: Refusal): Refusal {
  switch (refusal.reason) {
    case "malformed_key":
    case "bad_checksum":
      return { reason: "not_a_key" };
    case "unknown_key":
      return { reason: "not_found" };
    case "corrupt_record":
      return { reason: "damaged_key_record" };
    default:
      return refusal;
  }
}

/** Keys are pasted with the characters around them. */
function withoutWrapping(text: string): string {
  const inner = text
    .replace(/^[\s\u200b-\u200d\u2060\ufeff"'`“”‘’«»]+/, "")
    .replace(/[\s\u200b-\u200d\u2060\ufeff"'`“”‘’«»]+$/, "")
    .replace(/^bearer\s+/i, "");
  return inner === text ? text : withoutWrapping(inner);
}
