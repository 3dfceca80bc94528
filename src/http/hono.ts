/**
 * Hono with one router instead of its default set of routers: smaller, and strict about trailing slashes.
 */
import type { Env } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import { Hono as TinyHono } from "hono/tiny";

export class Hono<E extends Env> extends TinyHono<E> {
  /** The default, `PatternRouter`, matches a path with a trailing slash as if it had none. */
  override router: TinyHono<E>["router"] = new TrieRouter();
}
