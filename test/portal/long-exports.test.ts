/**
 * Exports of lists that are longer than a file: they have the newest items, and say so in the file, in its name and
 * beside the link. The control plane is fake: 10,000 real keys or events would cost seconds.
 */

import { expect, test } from "vitest";
import { Hono } from "../../src/http/hono.ts";
import { exportActivityCsv, exportActivityJson } from "../../src/portal/activity-export.ts";
import { activityPage } from "../../src/portal/activity-page.tsx";
import { exportKeys } from "../../src/portal/key-export.ts";
import { keyListPage } from "../../src/portal/key-list-page.tsx";
import type { PortalContext } from "../../src/portal/portal-context.ts";

const FILE_MAX = 10_000;

interface ListRequest {
  readonly query: { readonly limit: number; readonly cursor?: string };
}

/** A key and an event in one. */
const itemAt = (index: number) => ({
  name: `Key ${index}`,
  at: `Event ${index}`,
  permissions: [],
  allowed_ips: [],
  labels: {},
});

/** What the key page answers at `path` for an account with `total` keys and as many events. */
async function get(path: string, total: number) {
  const perform = async (_: object, { query: { limit, cursor = "0" } }: ListRequest) => {
    const start = Number(cursor);
    const items = Array.from({ length: Math.min(limit, total - start) }, (_, i) => itemAt(start + i));
    const next_cursor = items.length === limit ? String(start + limit) : null;
    return { keys: items, events: items, next_cursor };
  };
  const listKeys = async () => ({ keys: [], start: 0, total, hasAny: true, isAccountSuspended: false });
  const app = new Hono<PortalContext>();
  app.use(async (c, next) => {
    c.set("session", { account: "acme", actor: null, returnUrl: null, endsAt: Date.now() } as never);
    await next();
  });
  app.get("/keys.csv", exportKeys);
  app.get("/activity.csv", exportActivityCsv);
  app.get("/activity.json", exportActivityJson);
  app.get("/keys", keyListPage);
  app.get("/activity", activityPage);
  const response = await app.request(path, {}, {
    now: Date.now,
    controlPlane: { perform, portal: { listKeys } },
  } as never);
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return { status: response.status, name, text: await response.text() };
}

const rowsOf = (csv: string) => csv.trimEnd().split("\r\n");

test.each([
  ["/keys.csv", "api-keys", "Key"],
  ["/activity.csv", "api-key-activity", "Event"],
])("%s has the newest 10,000 rows; its name and its last row say so", async (path, name, item) => {
  const complete = await get(path, FILE_MAX);
  expect([complete.name, rowsOf(complete.text).length]).toEqual([`${name}.csv`, 1 + FILE_MAX]);
  expect(complete.text).not.toContain("Incomplete");
  const cut = await get(path, FILE_MAX + 1);
  expect(cut.name).toBe(`${name}-newest-10000.csv`);
  const [head = "", ...rows] = rowsOf(cut.text);
  expect(rows).toHaveLength(FILE_MAX + 1);
  expect(rows.at(-2)).toMatch(new RegExp(`^${item} 9999,`));
  // A row like the others, for programs that read it.
  const columns = head.split(",").length;
  expect(rows.at(-1)).toBe(`"Incomplete: only the newest 10,000 rows."${",".repeat(columns - 1)}`);
});

test("/activity.json has the newest 10,000 events; its name says so, and its cursor leads to the next", async () => {
  const complete = await get("/activity.json", FILE_MAX);
  expect(complete.name).toBe("api-key-activity.json");
  expect(JSON.parse(complete.text).next_cursor).toBeNull();
  const cut = await get("/activity.json", FILE_MAX + 1);
  expect(cut.name).toBe("api-key-activity-newest-10000.json");
  const { events, next_cursor } = JSON.parse(cut.text);
  expect([events.length, next_cursor]).toEqual([FILE_MAX, String(FILE_MAX)]);
});

test("the links say how many rows a file has, in the list only where it has more", async () => {
  const limit = "(at most the newest 10,000)";
  expect((await get("/activity", 0)).text).toContain(limit);
  expect((await get("/keys", FILE_MAX + 1)).text).toContain(limit);
  expect((await get("/keys", FILE_MAX)).text).not.toContain(limit);
});
