/**
 * What an account finds at a demo origin on its first visit.
 *
 * Guarantees: at least one object of every kind and a post in every status, and each of them says
 * whether it is live or sandbox, so that nobody mistakes one for the other.
 */
import { randomBytes } from "node:crypto";
import type {
  AccountData,
  ConnectedAccount,
  OriginMode,
  Platform,
  Post,
  PostStatus,
  Preset,
} from "./account-data.ts";
import { newId, PLATFORMS } from "./account-data.ts";

export function seedAccountData(mode: OriginMode, now: Date): AccountData {
  const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000).toISOString();
  return {
    mode,
    posts: byId(seedPosts(mode, at)),
    accounts: byId(seedAccounts(mode, at)),
    presets: byId(seedPresets(mode, at)),
    webhooks: byId([
      {
        id: newId("wh"),
        url: `https://${mode}.example/webhooks/octopost`,
        events: ["post.published", "post.failed"],
        secret: newId("whsec"),
        is_active: true,
        created_at: at(-60),
        updated_at: at(-60),
      },
    ]),
  };
}

type At = (minutes: number) => string;

function byId<T extends { id: string }>(items: T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function seedPosts(mode: OriginMode, at: At): Post[] {
  const post = (status: PostStatus, age: number, rest: Partial<Post> = {}): Post => ({
    id: newId("post"),
    content: `A ${status} post of the ${mode} origin`,
    platforms: ["bluesky"],
    status,
    scheduled_for: null,
    media: { images: [], video: null },
    platform_results: null,
    created_at: at(-age),
    updated_at: at(-age),
    published_at: null,
    ...rest,
  });
  return [
    post("published", 50, {
      platform_results: {
        bluesky: { success: true, post_id: "1", post_url: `https://${mode}.example/bluesky/1` },
      },
      published_at: at(-50),
    }),
    post("failed", 40, {
      platforms: ["linkedin"],
      platform_results: { linkedin: { success: false, error: "Token expired. Reconnect your account." } },
    }),
    post("publishing", 30),
    post("scheduled", 20, { scheduled_for: at(24 * 60) }),
    post("draft", 10),
  ];
}

function seedAccounts(mode: OriginMode, at: At): ConnectedAccount[] {
  const account = (platform: Platform, isActive: boolean): ConnectedAccount => ({
    id: newId("acc"),
    platform,
    platform_user_id: randomBytes(5).toString("hex"),
    username: `${mode}-demo`,
    display_name: `Demo (${mode})`,
    avatar_url: null,
    is_active: isActive,
    connected_at: at(-60),
    last_used_at: null,
  });
  // The expired LinkedIn connection is there so that a publish can fail as documented.
  return [
    account("twitter", true),
    account("bluesky", true),
    account("mastodon", true),
    account("linkedin", false),
  ];
}

function seedPresets(mode: OriginMode, at: At): Preset[] {
  const preset = (name: string, platforms: Platform[], isSystem: boolean): Preset => ({
    id: newId("preset"),
    name,
    platforms,
    primary_platform: null,
    cross_link_enabled: false,
    cross_link_template: "New post on {platform}: {link}",
    is_default: !isSystem,
    is_system: isSystem,
    created_at: at(-60),
    updated_at: at(-60),
  });
  return [
    preset("All Platforms", [...PLATFORMS], true),
    preset(`Everyday (${mode})`, ["bluesky", "mastodon"], false),
  ];
}
