/**
 * Hono with one router, in place of the three of its default: it is strict about slashes, and small.
 */
import type { Env } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import { Hono as TinyHono } from "hono/tiny";

export class Hono<E extends Env> extends TinyHono<E> {
  /** In place of its `PatternRouter`, which takes a path with a slash at its end for the one without. */
  override router: TinyHono<E>["router"] = new TrieRouter();
}
