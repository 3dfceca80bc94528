/**
 * A form that is submitted twice while the first answer is pending, as an impatient double click without JavaScript
 * does: it is carried out once, and the second answer, which the browser shows, leads to the same result.
 */

import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";
import {
  hiddenFields,
  KEY_TEXT,
  linkTo,
  newAccount,
  newKeyForm,
  pathOf,
  requestPage,
  sharedKeyPage,
  signIn,
} from "./key-page.ts";

const PAUSE_MS = 120;

let cluster: GatewayCluster;
let session: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});
beforeEach(async () => {
  session = await signIn(cluster);
  await cluster.network.configure({ kvDelayMs: 400 });
});
afterEach(async () => {
  await cluster.network.liftAllFaults();
  await cluster.network.configure({ kvDelayMs: 0, delaysMs: [] });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Submits the same form several times, 120 ms apart, and returns every answer. */
async function submitTimes(times: number, path: string, fields: Record<string, string>) {
  const answers: Promise<RawResponse>[] = [];
  for (let i = 0; i < times; i++) {
    answers.push(session.submit(path, fields));
    await pause(PAUSE_MS);
  }
  return await Promise.all(answers);
}

async function show(location: string | undefined): Promise<string> {
  return (await requestPage(cluster, location ?? "/none", [session.cookie])).body.toString();
}

describe("the form of a new key", () => {
  test.each([2, 3, 5])("submitted %d times creates one key that every answer leads to", async (times) => {
    const answers = await submitTimes(times, "/keys/new", newKeyForm());
    expect(answers.map(({ status }) => status)).toEqual(Array(times).fill(303));
    expect(new Set(answers.map((answer) => answer.header("Location"))).size).toBe(1);
    expect(await session.owner.keys()).toHaveLength(1);
    expect(await show(answers.at(-1)?.header("Location"))).toMatch(KEY_TEXT);
  });

  test("whose first submission fails is carried out by the second one", async () => {
    // The first one ends when its KV write exceeds LEDGER_TIMEOUT_MS.
    await cluster.network.fault({ on: "kv", operation: "put", how: "hang-before", times: 1 });
    const [first, second] = await submitTimes(2, "/keys/new", newKeyForm());
    expect([first?.status, second?.status]).toEqual([503, 303]);
    expect(await show(second?.header("Location"))).toMatch(KEY_TEXT);
    expect(await session.owner.keys()).toHaveLength(1);
  });

  test("whose client has gone still creates the key for the second one", async () => {
    const fields = newKeyForm();
    const { cookie, origin, token } = session;
    const aborted = rawRequest(
      cluster.gateway(0),
      {
        method: "POST",
        target: "/portal/keys/new",
        headers: [cookie, origin, ["Content-Type", "application/x-www-form-urlencoded"]],
        body: Buffer.from(new URLSearchParams({ form_token: token, ...fields }).toString()),
      },
      { timeoutMs: PAUSE_MS },
    ).catch(() => null);
    await aborted;
    const second = await session.submit("/keys/new", fields);
    expect(second.status).toBe(303);
    expect(await show(second.header("Location"))).toMatch(KEY_TEXT);
    expect(await session.owner.keys()).toHaveLength(1);
  });

  test("answers 503 when KV fails for both, and creates nothing", async () => {
    await cluster.network.fault({ on: "kv", operation: "put", how: "fail-before" });
    const answers = await submitTimes(2, "/keys/new", newKeyForm());
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect((await session.owner.shown()).keys).toEqual([]);
  });
});

test("the rotation form creates one successor that both answers lead to", async () => {
  const { id } = await session.owner.create({ name: "Old" });
  const fields = { form_id: crypto.randomUUID(), overlap: "3600" };
  const [first, second] = await submitTimes(2, `/keys/${id}/rotate`, fields);
  expect([first?.status, second?.status]).toEqual([303, 303]);
  expect(second?.header("Location")).toMatch(/^\/portal\/new-keys\//);
  expect(second?.header("Location")).toBe(first?.header("Location"));
  expect(await session.owner.keys()).toHaveLength(2);
  expect(await show(second?.header("Location"))).toMatch(KEY_TEXT);
});

test("the revocation form leads to the receipt twice", async () => {
  const key = await session.owner.create({ name: "Revoked twice" });
  await session.owner.use(key.secret);
  await cluster.network.configure({ delaysMs: [200] });
  const [first, second] = await submitTimes(2, `/keys/${key.id}/revoke`, { reason: "" });
  expect([first?.status, second?.status]).toEqual([303, 303]);
  expect(second?.header("Location")).toBe(`/portal/keys/${key.id}/revoke`);
  const revocations = (await session.owner.events()).filter(({ action }) => action === "revoked");
  expect(revocations).toHaveLength(1);
});

test("the rename and schedule forms are carried out twice with the same result", async () => {
  await cluster.network.configure({ delaysMs: [200] });
  const key = await session.owner.create({ name: "Before" });
  const renamed = await submitTimes(2, `/keys/${key.id}/rename`, { name: "After" });
  expect(renamed.map(({ status }) => status)).toEqual([303, 303]);
  expect((await session.owner.events()).filter(({ action }) => action === "renamed")).toHaveLength(1);
  await session.owner.rotate(key.id, 86_400);
  const scheduled = await submitTimes(2, `/keys/${key.id}/end`, { when: "date", at: "2030-01-01T00:00" });
  expect(scheduled.map(({ status }) => status)).toEqual([303, 303]);
  expect((await session.owner.get(key.id)).revokes_at).toBe("2030-01-01T00:00:00.000Z");
});

test("signing out twice shows twice that the user is signed out", async () => {
  await cluster.network.configure({ delaysMs: [200] });
  const answers = await submitTimes(2, "/sign-out", {});
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  for (const answer of answers) expect(answer.body.toString()).toContain("You are signed out");
  const late = await session.submit("/sign-out", {});
  expect([late.status, late.body.includes("You are signed out")]).toEqual([200, true]);
});

test("the button of a link begins one session that both answers open", async () => {
  await cluster.network.configure({ delaysMs: [200] });
  const path = pathOf(await linkTo(cluster, newAccount()));
  const fields = hiddenFields(await requestPage(cluster, path));
  const [first, second] = await Promise.all([
    requestPage(cluster, path, [session.origin], fields),
    pause(PAUSE_MS).then(() => requestPage(cluster, path, [session.origin], fields)),
  ]);
  expect([first.status, second.status]).toEqual([303, 303]);
  const cookie = /^[^;]+/.exec(second.header("Set-Cookie") ?? "")?.[0] ?? "";
  expect((await requestPage(cluster, "/portal/keys", [["Cookie", cookie]])).status).toBe(200);
  // Another page of the same link has another button, which opens nothing.
  const other = await requestPage(cluster, path, [session.origin], {
    ...fields,
    entry_id: crypto.randomUUID(),
  });
  expect([other.status, other.header("Set-Cookie")]).toEqual([410, undefined]);
});
