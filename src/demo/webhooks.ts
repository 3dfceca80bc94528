/**
 * The demo origin's /v1/webhooks: where events would be sent. None ever is: a demo origin calls
 * nobody.
 */
import { Hono } from "hono";
import * as v from "valibot";
import type { Webhook } from "./account-data.ts";
import { newestFirst, newId } from "./account-data.ts";
import type { OriginEnv } from "./origin-identity.ts";
import { found, refuseMethod } from "./origin-refusals.ts";
import { objectProblem, readBody, webAddressSchema } from "./read-body.ts";

const EVENTS = [
  "post.published",
  "post.failed",
  "post.scheduled",
  "account.connected",
  "account.disconnected",
] as const;

const newWebhookSchema = v.object(
  {
    url: webAddressSchema,
    events: v.pipe(
      v.array(v.picklist(EVENTS, `must be one of ${EVENTS.join(", ")}`), "must be a list of events"),
      v.minLength(1, "must name at least one event"),
      v.maxLength(EVENTS.length, "must not name an event twice"),
    ),
    is_active: v.optional(v.boolean("must be true or false")),
  },
  objectProblem,
);
const changedWebhookSchema = v.partial(newWebhookSchema);

export function webhookRoutes(now: () => Date): Hono<OriginEnv> {
  return new Hono<OriginEnv>()
    .get("/", (c) => c.json({ webhooks: newestFirst(c.var.data.webhooks) }))
    .post("/", async (c) => {
      const webhook = createWebhook(await readBody(c, newWebhookSchema), now());
      c.var.data.webhooks.set(webhook.id, webhook);
      return c.json(webhook, 201);
    })
    .all("/", refuseMethod)
    .get("/:id", (c) => c.json(found(c.var.data.webhooks, c.req.param("id"), "Webhook")))
    .put("/:id", async (c) => {
      const webhook = found(c.var.data.webhooks, c.req.param("id"), "Webhook");
      const change = await readBody(c, changedWebhookSchema);
      webhook.url = change.url ?? webhook.url;
      webhook.events = change.events ?? webhook.events;
      webhook.is_active = change.is_active ?? webhook.is_active;
      webhook.updated_at = now().toISOString();
      return c.json(webhook);
    })
    .delete("/:id", (c) => {
      const webhook = found(c.var.data.webhooks, c.req.param("id"), "Webhook");
      c.var.data.webhooks.delete(webhook.id);
      return c.body(null, 204);
    })
    .all("/:id", refuseMethod);
}

function createWebhook(wanted: v.InferOutput<typeof newWebhookSchema>, now: Date): Webhook {
  return {
    id: newId("wh"),
    url: wanted.url,
    events: wanted.events,
    secret: newId("whsec"),
    is_active: wanted.is_active ?? true,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  };
}
