/**
 * What one Octopost account has at a demo origin: the objects of the public documentation, in
 * memory. Shapes only: what may become of them is in posts.ts, presets.ts and so on. Nothing here
 * outlives the process.
 */
import { randomBytes } from "node:crypto";

export type OriginMode = "live" | "sandbox";

export const PLATFORMS = [
  "twitter",
  "bluesky",
  "mastodon",
  "linkedin",
  "threads",
  "instagram",
  "facebook",
  "tiktok",
  "youtube",
  "discord",
  "slack",
  "telegram",
] as const;
export type Platform = (typeof PLATFORMS)[number];

export type PostStatus = "draft" | "scheduled" | "publishing" | "published" | "failed";

export type PlatformResult =
  | { success: true; post_id: string; post_url: string }
  | { success: false; error: string };

export interface Post {
  id: string;
  content: string;
  platforms: Platform[];
  status: PostStatus;
  scheduled_for: string | null;
  media: { images: { url: string; alt_text: string | null }[]; video: { url: string } | null };
  platform_results: Partial<Record<Platform, PlatformResult>> | null;
  created_at: string;
  updated_at: string;
  published_at: string | null;
}

export interface ConnectedAccount {
  id: string;
  platform: Platform;
  platform_user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  is_active: boolean;
  connected_at: string;
  last_used_at: string | null;
}

export interface Preset {
  id: string;
  name: string;
  platforms: Platform[];
  primary_platform: Platform | null;
  cross_link_enabled: boolean;
  cross_link_template: string;
  is_default: boolean;
  is_system: boolean;
  created_at: string;
  updated_at: string;
}

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  secret: string;
  is_active: boolean;
  created_at: string;
  updated_at: string;
}

export interface AccountData {
  mode: OriginMode;
  posts: Map<string, Post>;
  accounts: Map<string, ConnectedAccount>;
  presets: Map<string, Preset>;
  webhooks: Map<string, Webhook>;
}

export function newId(prefix: "post" | "acc" | "preset" | "wh" | "whsec"): string {
  return `${prefix}_${randomBytes(8).toString("hex")}`;
}

/** Maps keep insertion order, so the newest is last in the map and first in a list. */
export function newestFirst<T>(items: Map<string, T>): T[] {
  return [...items.values()].reverse();
}
