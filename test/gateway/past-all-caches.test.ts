// That the gateway tells the platform's cache what `cache: "no-store"` tells it, and adds nothing to the request.

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PAST_ALL_CACHES } from "../../src/gateway/origin-request.ts";

/** Says what a subrequest brings: what is for the platform (`cf`) and what is for the origin. */
const NEXT_HOP = `export default {
  fetch: (request) => Response.json({ cf: request.cf, headers: [...request.headers] }),
};`;
const CALLER = `export default {
  async fetch(request, env) {
    const inits = await request.json();
    return Response.json(await Promise.all(inits.map(async (init) => (await env.NEXT.fetch("http://x/", init)).json())));
  },
};`;

let miniflare: Miniflare;

beforeAll(async () => {
  const common = { modules: true as const, compatibilityDate: "2026-10-20" };
  const workers = [
    { ...common, name: "caller", script: CALLER, serviceBindings: { NEXT: "next-hop" } },
    { ...common, name: "next-hop", script: NEXT_HOP },
  ];
  miniflare = new Miniflare(convertV4MiniflareOptions({ workers, cf: false }));
  await miniflare.ready;
});
afterAll(() => miniflare.dispose());

test("is the same to the cache as no-store, without its request headers", async () => {
  const inits = [{ cache: "no-store" }, { cf: PAST_ALL_CACHES }, {}];
  const answer = await miniflare.dispatchFetch("http://caller/", {
    method: "POST",
    body: JSON.stringify(inits),
  });
  const [noStore, ours, neither] = (await answer.json()) as { cf?: object; headers: string[][] }[];
  expect(ours?.cf).toEqual(noStore?.cf);
  expect(ours?.headers).toEqual([]);
  // The comparison says something: both differ from an ordinary fetch, and no-store adds headers.
  expect(neither?.cf).not.toEqual(noStore?.cf);
  expect(noStore?.headers.map(([name]) => name)).toEqual(["cache-control", "pragma"]);
});
