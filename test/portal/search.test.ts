/** A search of the list also says what its state and mode hide, so that a revoked key is found. */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

test("a search for a revoked key says that it is revoked and leads to it", async () => {
  const { cookie, owner } = await signIn(cluster);
  const revoked = await owner.create({ name: "Old laptop" });
  await owner.revoke(revoked.id);
  await owner.create({ name: "Worker", mode: "test" });
  const list = async (query: string) =>
    (await requestPage(cluster, `/portal/keys?${query}`, [cookie])).body.toString();
  for (const text of [revoked.hint.slice(-4), revoked.id, "laptop"]) {
    const page = await list(`q=${text}`);
    expect(page, text).toContain("1 revoked key matches.");
    expect(page, text).not.toContain("No key matches");
    const link = /<a href="\/portal\/keys\?([^"]*)">Show it</.exec(page)?.[1] ?? "";
    const shown = await list(link.replaceAll("&amp;", "&"));
    expect([shown.includes("1–1 of 1"), shown.includes("Old laptop")], text).toEqual([true, true]);
    expect(shown, text).not.toContain("key matches");
  }
  expect(await list("q=o&mode=live")).toContain("2 keys in other states or modes also match.");
  expect(await list("q=worker&state=expired")).toContain("1 key in other states or modes also matches.");
  for (const query of ["", "state=expired", "q=worker", "q=nothing"])
    expect(await list(query), query).not.toMatch(/revoked keys? match|also match/);
});
