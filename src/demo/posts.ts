/**
 * The demo's posts, in memory, one list per account: enough of the documented API for the walkthrough.
 *
 * Guarantees that every post names its origin and that accounts do not see each other's posts. Nothing is published
 * anywhere, and nothing outlives the process.
 */
import { randomBytes } from "node:crypto";

export type OriginMode = "live" | "sandbox";

export interface Post {
  readonly id: string;
  readonly content: string;
  readonly platforms: readonly string[];
  readonly status: "draft" | "published";
  readonly platform_results: Readonly<Record<string, { success: true; post_url: string }>> | null;
  readonly created_at: string;
  readonly published_at: string | null;
}

export type NewPost = Pick<Post, "content" | "platforms">;

export class Posts {
  readonly #mode: OriginMode;
  readonly #byAccount = new Map<string, Post[]>();

  constructor(mode: OriginMode) {
    this.#mode = mode;
  }

  /** Newest first. */
  list(account: string, now: Date): readonly Post[] {
    let posts = this.#byAccount.get(account);
    if (posts === undefined) {
      posts = [draft({ content: `The first post of the ${this.#mode} origin`, platforms: ["bluesky"] }, now)];
      this.#byAccount.set(account, posts);
    }
    return posts;
  }

  create(account: string, input: NewPost, now: Date): Post {
    const post = draft(input, now);
    this.#byAccount.set(account, [post, ...this.list(account, now)]);
    return post;
  }

  /** null: the account has no such post. */
  publish(account: string, id: string, now: Date): Post | null {
    const posts = this.list(account, now);
    const post = posts.find((one) => one.id === id);
    if (post === undefined) return null;
    // A reserved domain: a live post of the demo is as unreal as a sandbox one.
    const results = post.platforms.map((platform) => [
      platform,
      { success: true as const, post_url: `https://${this.#mode}.example/${platform}/${id}` },
    ]);
    const published: Post = {
      ...post,
      status: "published",
      platform_results: Object.fromEntries(results),
      published_at: now.toISOString(),
    };
    this.#byAccount.set(
      account,
      posts.map((one) => (one === post ? published : one)),
    );
    return published;
  }
}

function draft(input: NewPost, now: Date): Post {
  return {
    id: `post_${randomBytes(8).toString("hex")}`,
    ...input,
    status: "draft",
    platform_results: null,
    created_at: now.toISOString(),
    published_at: null,
  };
}
