/** The layout in a real browser: what stays in its place, what fits a phone, and what a dialog or a link leaves visible. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import { type OpenKeyPage, openKeyPage, sharedKeyPage } from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
let opened: OpenKeyPage;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
  opened = await openKeyPage(cluster, browser);
  const owner = new Account(cluster, opened.account);
  const old = await owner.create({ name: "Old", mode: "live" });
  await owner.rotate(old.id, 7 * 86_400);
  const suspended = await owner.create({ name: "Paused", mode: "live" });
  await owner.suspend(suspended.id);
  await owner.create({ name: "Sandbox", mode: "test", allowed_ips: ["203.0.113.7"] });
});
afterAll(async () => {
  await opened.context.close();
});

const WIDTHS = [1280, 1440, 375, 320];

async function goTo(path: string, width = 1280): Promise<void> {
  await setWidth(width);
  await opened.page.goto(`${opened.origin}/portal${path}`);
}

async function setWidth(width: number): Promise<void> {
  await opened.page.setViewportSize({ width, height: 720 });
}

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (box === null) throw new Error(`${locator} is not visible`);
  return box;
}

test("the title and the navigation are in the same place on every page", async () => {
  const { page } = opened;
  const places = new Map<number, string[]>(WIDTHS.map((width) => [width, []]));
  for (const path of ["/keys", "/activity", "/test"]) {
    await goTo(path);
    for (const width of WIDTHS) {
      await setWidth(width);
      const [title, nav] = [await boxOf(page.locator("h1")), await boxOf(page.locator("nav"))];
      places.get(width)?.push([title.x, title.y, nav.x, nav.y].map(Math.round).join());
    }
  }
  for (const [width, found] of places) expect(new Set(found).size, `${width} px: ${found.join(" ")}`).toBe(1);
});

test("each action of the list has its own column, whatever the state of the key", async () => {
  const { page } = opened;
  await goTo("/keys");
  for (const width of WIDTHS) {
    await setWidth(width);
    for (const name of ["Change", "Rotate", "Suspend", "Revoke"]) {
      const others = { Rotate: "Continue rotation", Suspend: "Resume" }[name] ?? name;
      const actions = await page.getByLabel(new RegExp(`^(${name}|${others}): `)).all();
      const boxes = await Promise.all(actions.map(boxOf));
      expect(boxes, `${width} px, ${name}`).toHaveLength(name === "Rotate" ? 3 : 4);
      expect(new Set(boxes.map(({ x }) => Math.round(x))).size, `${width} px, ${name}`).toBe(1);
      // On a phone they are buttons of the same size.
      if (width < 1024) expect(new Set(boxes.map((box) => Math.round(box.width))).size).toBe(1);
    }
  }
});

test("badges and labels of the same kind are aligned", async () => {
  const { page } = opened;
  await goTo("/keys");
  const states = await page.locator(".keys .mode + .badge").all();
  expect(new Set((await Promise.all(states.map(boxOf))).map(({ x }) => x)).size).toBe(1);
  const labels = await page.locator(".filter label").all();
  expect(new Set((await Promise.all(labels.map(boxOf))).map(({ y }) => y)).size).toBe(1);
  expect(await page.locator("tr", { hasText: "Sandbox" }).getByTitle("203.0.113.7/32").textContent()).toBe(
    "IP-restricted",
  );
});

test("the permissions fit a phone, one below the other", async () => {
  const { page } = opened;
  await goTo("/keys/new");
  for (const width of [320, 375, 420]) {
    await setWidth(width);
    const sheet = await boxOf(page.locator(".sheet"));
    const choices = await Promise.all((await page.locator(".grid label span").all()).map(boxOf));
    expect(choices).toHaveLength(8);
    for (const box of choices) expect(box.x + box.width, `${width} px`).toBeLessThan(sheet.x + sheet.width);
    expect(new Set(choices.map(({ x }) => Math.round(x))).size, `${width} px`).toBe(1);
  }
});

test("a link to a wrong field leaves its label and its problem visible", async () => {
  const { page } = opened;
  await goTo("/keys/new", 375);
  await page.getByLabel("Name").fill("Wrong");
  await page.getByRole("checkbox", { name: "posts:read" }).check();
  await page.getByText("Allowed IP addresses, labels and limits").click();
  await page.getByLabel("Allowed IP addresses").fill("nowhere");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("link", { name: /nowhere/ }).click();
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("allowed_ips");
  const label = await boxOf(page.locator("label[for=allowed_ips]"));
  expect(label.y).toBeGreaterThanOrEqual(0);
  expect((await boxOf(page.locator("#allowed_ips-problem"))).y).toBeGreaterThan(label.y);
});

test("the button for the selected keys says how many they are", async () => {
  const { page } = opened;
  await goTo("/keys");
  await page.getByRole("checkbox", { name: "Select: Sandbox" }).check();
  expect(await page.getByRole("button", { name: "Revoke 1 key…" }).isVisible()).toBe(true);
  await page.getByRole("checkbox", { name: "Select: Paused" }).check();
  await page.getByRole("button", { name: "Revoke 2 keys…" }).click();
  await page.getByRole("heading", { name: "Revoke 2 keys?" }).waitFor();
});
