/**
 * `EVENTS_URL` and `EVENTS_SECRET`: where events are sent, and the secrets that sign them, as the Standard Webhooks
 * write them: `whsec_` and Base64. Two secrets, separated by a space, sign each message twice while receivers change
 * theirs. Pure.
 */
import * as v from "valibot";
import { type Bytes, fromBase64 } from "./keys/digests.ts";

export interface WebhookSettings {
  readonly url: string;
  /** The current one, and during a rotation the other one. */
  readonly secrets: readonly Bytes[];
}

/** As the specification has it. */
const SECRET_MIN_BYTES = 24;
const SECRET_MAX_BYTES = 64;

export const eventsSecret = v.pipe(
  v.string(),
  v.regex(/^whsec_[A-Za-z0-9+/]+={0,2}(?: whsec_[A-Za-z0-9+/]+={0,2})?$/),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return dataset.value.split(" ").map((one) => fromBase64(one.slice("whsec_".length)));
    } catch {
      addIssue({ message: "is not Base64" });
      return NEVER;
    }
  }),
  v.check((secrets) =>
    secrets.every(({ length }) => length >= SECRET_MIN_BYTES && length <= SECRET_MAX_BYTES),
  ),
);

export function webhookSettings(
  url: string | null,
  secrets: readonly Bytes[] | null,
): WebhookSettings | null {
  return url === null || secrets === null ? null : { url, secrets };
}
