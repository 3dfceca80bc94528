/**
 * The demo origin's /v1/posts: create, read, update, delete, publish.
 *
 * Guarantees the documented life of a post: draft or scheduled, then published, or failed when no
 * platform took it; a published post is never changed or published again (409). Publishes to
 * nothing real: a platform "takes" a post when the account has an active connection to it.
 */
import { Hono } from "hono";
import * as v from "valibot";
import type { AccountData, Platform, PlatformResult, Post } from "./account-data.ts";
import { newestFirst, newId } from "./account-data.ts";
import type { OriginEnv } from "./origin-identity.ts";
import { found, Refusal, refuseMethod } from "./origin-refusals.ts";
import { objectProblem, platformsSchema, readBody, webAddressSchema } from "./read-body.ts";

const CONTENT_MAX_CHARS = 100_000;

const imageSchema = v.object(
  { url: webAddressSchema, alt_text: v.optional(v.nullable(v.string("must be a string")), null) },
  objectProblem,
);
const mediaSchema = v.object(
  {
    images: v.optional(v.array(imageSchema, "must be a list"), []),
    video: v.optional(v.nullable(v.object({ url: webAddressSchema }, objectProblem)), null),
  },
  objectProblem,
);
const timestampSchema = v.pipe(v.string("must be a string"), v.isoTimestamp("must be an ISO 8601 timestamp"));
const newPostSchema = v.object(
  {
    content: v.pipe(
      v.string("must be a string"),
      v.check((text) => text.trim() !== "", "must not be empty"),
      v.maxLength(CONTENT_MAX_CHARS, `must be at most ${CONTENT_MAX_CHARS} characters long`),
    ),
    platforms: platformsSchema,
    scheduled_for: v.optional(v.nullable(timestampSchema)),
    media: v.optional(mediaSchema),
  },
  objectProblem,
);
const changedPostSchema = v.partial(newPostSchema);

export function postRoutes(now: () => Date): Hono<OriginEnv> {
  return new Hono<OriginEnv>()
    .get("/", (c) => c.json({ posts: newestFirst(c.var.data.posts) }))
    .post("/", async (c) => {
      const post = createPost(await readBody(c, newPostSchema), now());
      c.var.data.posts.set(post.id, post);
      return c.json(post, 201);
    })
    .all("/", refuseMethod)
    .get("/:id", (c) => c.json(found(c.var.data.posts, c.req.param("id"), "Post")))
    .put("/:id", async (c) => {
      const post = found(c.var.data.posts, c.req.param("id"), "Post");
      const change = await readBody(c, changedPostSchema);
      refuseFinished(post, "modified");
      changePost(post, change, now());
      return c.json(post);
    })
    .delete("/:id", (c) => {
      const post = found(c.var.data.posts, c.req.param("id"), "Post");
      if (post.status === "publishing") throw new Refusal("conflict", "Post is being published");
      c.var.data.posts.delete(post.id);
      return c.body(null, 204);
    })
    .all("/:id", refuseMethod)
    .post("/:id/publish", (c) => {
      const post = found(c.var.data.posts, c.req.param("id"), "Post");
      refuseFinished(post, "published again");
      publishPost(post, c.var.data, now());
      return c.json(post);
    })
    .all("/:id/publish", refuseMethod);
}

function createPost(wanted: v.InferOutput<typeof newPostSchema>, now: Date): Post {
  const scheduledFor = wanted.scheduled_for ? inTheFuture(wanted.scheduled_for, now) : null;
  return {
    id: newId("post"),
    content: wanted.content,
    platforms: wanted.platforms,
    status: scheduledFor ? "scheduled" : "draft",
    scheduled_for: scheduledFor,
    media: wanted.media ?? { images: [], video: null },
    platform_results: null,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    published_at: null,
  };
}

function changePost(post: Post, change: v.InferOutput<typeof changedPostSchema>, now: Date): void {
  // Checked before anything is assigned, so that a refused change changes nothing.
  if (change.scheduled_for !== undefined) {
    post.scheduled_for = change.scheduled_for === null ? null : inTheFuture(change.scheduled_for, now);
    post.status = post.scheduled_for ? "scheduled" : "draft";
  }
  post.content = change.content ?? post.content;
  post.platforms = change.platforms ?? post.platforms;
  post.media = change.media ?? post.media;
  post.updated_at = now.toISOString();
}

function refuseFinished(post: Post, verb: string): void {
  if (post.status === "published") {
    throw new Refusal("conflict", `Post has already been published and cannot be ${verb}`);
  }
  if (post.status === "publishing") {
    throw new Refusal("conflict", `Post is being published and cannot be ${verb}`);
  }
}

function publishPost(post: Post, data: AccountData, now: Date): void {
  const results: Partial<Record<Platform, PlatformResult>> = {};
  for (const platform of post.platforms) results[platform] = publishTo(platform, post, data, now);
  const isPublished = Object.values(results).some((result) => result.success);
  post.platform_results = results;
  post.status = isPublished ? "published" : "failed";
  post.published_at = isPublished ? now.toISOString() : null;
  post.updated_at = now.toISOString();
}

function publishTo(platform: Platform, post: Post, data: AccountData, now: Date): PlatformResult {
  const account = [...data.accounts.values()].find((candidate) => candidate.platform === platform);
  if (account === undefined) return { success: false, error: "No connected account." };
  if (!account.is_active) return { success: false, error: "Token expired. Reconnect your account." };
  account.last_used_at = now.toISOString();
  return {
    success: true,
    post_id: post.id,
    // A reserved domain: in a demo, a live post is no more real than a sandbox one.
    post_url: `https://${data.mode}.example/${platform}/${post.id}`,
  };
}

function inTheFuture(timestamp: string, now: Date): string {
  const time = new Date(timestamp);
  if (!(time.getTime() > now.getTime())) {
    const problem = "must be in the future";
    throw new Refusal("bad_request", `scheduled_for: ${problem}`, { scheduled_for: [problem] });
  }
  return time.toISOString();
}
