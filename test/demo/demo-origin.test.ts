import { once } from "node:events";
import { connect } from "node:net";
import { createMiddleware } from "hono/factory";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { createDemoOrigin, serveDemoOrigin } from "../../src/demo/demo-origin.ts";
import type { CallerEnv } from "../../src/demo/verify-assertion.ts";
import { claimsFor, KeyPublisher, signedJwt } from "../support/assertion-maker.ts";

const NOW = new Date("2026-04-03T12:00:00.000Z");
const TOMORROW = "2026-04-04T12:00:00Z";
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LISTS = ["posts", "accounts", "presets", "webhooks"] as const;
const ID = { posts: /^post_\w+$/, accounts: /^acc_\w+$/, presets: /^preset_\w+$/, webhooks: /^wh_\w+$/ };

/** Fake: takes the header for the account's name. The real one is in verify-assertion.test.ts. */
const trusting = createMiddleware<CallerEnv>(async (c, next) => {
  const account = c.req.header("X-Octopost-Assertion");
  if (account === undefined) return c.json({ error: "Nobody", code: "unauthorized" }, 401);
  c.set("caller", { account, keyId: "key_0123456789012345678901", scope: "all" });
  return await next();
});
const callerHeaders = (account = "demo") => ({ "X-Octopost-Assertion": account });

let lines: string[];
let origin: ReturnType<typeof createDemoOrigin>;
beforeEach(() => {
  lines = [];
  origin = createDemoOrigin({
    mode: "live",
    verify: trusting,
    log: (line) => lines.push(line),
    now: () => NOW,
  });
});

// The bodies are examined key by key below, so their type would only be repeated here.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Answer = { status: number; body: any };

async function call(method: string, path: string, body?: unknown, account?: string): Promise<Answer> {
  const response = await origin.request(path, {
    method,
    headers: { ...callerHeaders(account), ...(body ? { "Content-Type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

const newPost = (rest: object = {}) =>
  call("POST", "/v1/posts", { content: "Hi", platforms: ["bluesky"], ...rest });

async function seeded(
  list: (typeof LISTS)[number],
  matches: (item: Answer["body"]) => boolean,
): Promise<string> {
  const { body } = await call("GET", `/v1/${list}`);
  return body[list].find(matches).id;
}

describe("every list", () => {
  test.each(LISTS)(
    "GET /v1/%s comes wrapped, with documented ids, and each item can be read",
    async (list) => {
      const { status, body } = await call("GET", `/v1/${list}`);
      expect(status).toBe(200);
      expect(Object.keys(body)).toEqual([list]);
      expect(body[list].length).toBeGreaterThan(0);
      for (const item of body[list]) {
        expect(item.id).toMatch(ID[list]);
        expect(await call("GET", `/v1/${list}/${item.id}`)).toEqual({ status: 200, body: item });
      }
    },
  );

  test.each(LISTS)("says in its first data whether it is live or sandbox: %s", async (list) => {
    for (const mode of ["live", "sandbox"] as const) {
      const origin = createDemoOrigin({ mode, verify: trusting });
      const response = await origin.request(`/v1/${list}`, { headers: callerHeaders() });
      const text = await response.text();
      expect(text).toContain(mode);
      expect(text).not.toContain(mode === "live" ? "sandbox" : "(live)");
    }
  });

  test.each(LISTS)("GET and DELETE of an unknown id in /v1/%s: 404", async (list) => {
    for (const method of ["GET", "DELETE"]) {
      const { status, body } = await call(method, `/v1/${list}/nope_1`);
      expect(status).toBe(404);
      expect(body).toEqual({ error: expect.stringMatching(/ not found$/), code: "not_found" });
    }
  });

  test.each(LISTS)("a method /v1/%s does not have: 400, the documentation's code for it", async (list) => {
    for (const path of [`/v1/${list}`, `/v1/${list}/some_id`]) {
      const { status, body } = await call("PATCH", path);
      expect([status, body.code]).toEqual([400, "bad_request"]);
    }
  });
});

describe("posts", () => {
  test("a seeded post exists in every documented status", async () => {
    const { body } = await call("GET", "/v1/posts");
    const statuses = body.posts.map((post: { status: string }) => post.status);
    expect(statuses.sort()).toEqual(["draft", "failed", "published", "publishing", "scheduled"]);
  });

  test("POST makes a draft with every documented field", async () => {
    expect(await newPost()).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(ID.posts),
        content: "Hi",
        platforms: ["bluesky"],
        status: "draft",
        scheduled_for: null,
        media: { images: [], video: null },
        platform_results: null,
        created_at: NOW.toISOString(),
        updated_at: NOW.toISOString(),
        published_at: null,
      },
    });
  });

  test("POST with scheduled_for makes a scheduled post; the newest comes first in the list", async () => {
    const { body: post } = await newPost({ scheduled_for: TOMORROW });
    expect(post).toMatchObject({ status: "scheduled", scheduled_for: "2026-04-04T12:00:00.000Z" });
    const { body } = await call("GET", "/v1/posts");
    expect(body.posts[0]).toEqual(post);
  });

  test.each([
    ["content", { content: undefined }],
    ["content", { content: "  " }],
    ["content", { content: 7 }],
    ["content", { content: "x".repeat(100_001) }],
    ["platforms", { platforms: undefined }],
    ["platforms", { platforms: [] }],
    ["platforms.0", { platforms: ["myspace"] }],
    ["platforms", { platforms: ["bluesky", "bluesky"] }],
    ["scheduled_for", { scheduled_for: "soon" }],
    ["scheduled_for", { scheduled_for: NOW.toISOString() }],
    ["media.images.0.url", { media: { images: [{ url: "file:///etc/passwd" }] } }],
  ])("POST with a bad %s: 400 with the field in details, nothing made", async (field, rest) => {
    const before = await call("GET", "/v1/posts");
    const { status, body } = await newPost(rest);
    expect(status).toBe(400);
    expect(body).toEqual({
      error: expect.stringContaining(`${field}: `),
      code: "bad_request",
      details: { [field]: expect.any(Array) },
    });
    expect(await call("GET", "/v1/posts")).toEqual(before);
  });

  test("the text of a 400 says what is wrong in words", async () => {
    expect((await call("POST", "/v1/posts", { platforms: ["bluesky"] })).body).toEqual({
      error: "content: is required",
      code: "bad_request",
      details: { content: ["is required"] },
    });
    expect((await newPost({ media: 7 })).body.error).toBe("media: must be an object");
  });

  test("a body that is not JSON, not an object, or not declared as JSON: 400", async () => {
    const send = (body: string, type: string) =>
      origin.request("/v1/posts", {
        method: "POST",
        headers: { ...callerHeaders(), "Content-Type": type },
        body,
      });
    for (const [body, type, text] of [
      ["{", "application/json", "Request body must be valid JSON"],
      ["[]", "application/json; charset=utf-8", "Request body must be a JSON object"],
      ["{}", "text/plain", "Content-Type must be application/json"],
      ["x".repeat(1024 * 1024 + 1), "application/json", "Request body must be at most 1048576 bytes long"],
    ] as const) {
      const response = await send(body, type);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: text, code: "bad_request" });
    }
  });

  test("PUT changes what it names and nothing else", async () => {
    const { body: post } = await newPost();
    const changed = await call("PUT", `/v1/posts/${post.id}`, { content: "Bye", scheduled_for: TOMORROW });
    expect(changed.body).toMatchObject({
      ...post,
      content: "Bye",
      status: "scheduled",
      scheduled_for: expect.stringMatching(ISO),
    });
    const unscheduled = await call("PUT", `/v1/posts/${post.id}`, { scheduled_for: null });
    expect(unscheduled.body).toMatchObject({ content: "Bye", status: "draft", scheduled_for: null });
    const bad = await call("PUT", `/v1/posts/${post.id}`, { content: "" });
    expect([bad.status, bad.body.code]).toEqual([400, "bad_request"]);
  });

  test("publish sets status, published_at and a result for each platform", async () => {
    const { body: post } = await newPost({ platforms: ["bluesky", "linkedin", "tiktok"] });
    const { status, body } = await call("POST", `/v1/posts/${post.id}/publish`);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...post,
      status: "published",
      published_at: NOW.toISOString(),
      platform_results: {
        bluesky: { success: true, post_id: expect.any(String), post_url: expect.stringMatching(/^https:/) },
        linkedin: { success: false, error: "Token expired. Reconnect your account." },
        tiktok: { success: false, error: "No connected account." },
      },
    });
    expect((await call("GET", `/v1/posts/${post.id}`)).body).toEqual(body);
  });

  test("a post no platform took is failed, and may be published again", async () => {
    const { body: post } = await newPost({ platforms: ["linkedin"] });
    const failed = await call("POST", `/v1/posts/${post.id}/publish`);
    expect(failed.body).toMatchObject({ status: "failed", published_at: null });
    await call("PUT", `/v1/posts/${post.id}`, { platforms: ["twitter"] });
    const retried = await call("POST", `/v1/posts/${post.id}/publish`);
    expect(retried.body.status).toBe("published");
  });

  test("a published or publishing post cannot be published or changed: 409", async () => {
    const published = await seeded("posts", (post) => post.status === "published");
    const publishing = await seeded("posts", (post) => post.status === "publishing");
    for (const id of [published, publishing]) {
      const before = await call("GET", `/v1/posts/${id}`);
      for (const answer of [
        await call("POST", `/v1/posts/${id}/publish`),
        await call("PUT", `/v1/posts/${id}`, { content: "New" }),
      ]) {
        expect(answer.status).toBe(409);
        expect(answer.body).toEqual({ error: expect.stringMatching(/^Post /), code: "conflict" });
      }
      expect(await call("GET", `/v1/posts/${id}`)).toEqual(before);
    }
    expect((await call("DELETE", `/v1/posts/${publishing}`)).status).toBe(409);
  });

  test("publishing an unknown post: 404; GET on /publish: 400", async () => {
    expect((await call("POST", "/v1/posts/post_no/publish")).body.code).toBe("not_found");
    expect((await call("GET", "/v1/posts/post_no/publish")).body.code).toBe("bad_request");
  });

  test("DELETE answers 204 without a body, and the post is gone", async () => {
    const { body: post } = await newPost();
    expect(await call("DELETE", `/v1/posts/${post.id}`)).toEqual({ status: 204, body: null });
    expect((await call("GET", `/v1/posts/${post.id}`)).status).toBe(404);
  });
});

describe("accounts", () => {
  test("DELETE disconnects: the account is gone, and nothing is published there any more", async () => {
    const id = await seeded("accounts", (account) => account.platform === "bluesky");
    expect((await call("DELETE", `/v1/accounts/${id}`)).status).toBe(204);
    expect((await call("GET", `/v1/accounts/${id}`)).status).toBe(404);
    const { body: post } = await newPost();
    expect((await call("POST", `/v1/posts/${post.id}/publish`)).body.status).toBe("failed");
  });
});

describe("presets", () => {
  const wanted = { name: "Work", platforms: ["linkedin", "twitter"], primary_platform: "linkedin" };

  test("POST, PUT and DELETE, with every documented field", async () => {
    const { status, body: preset } = await call("POST", "/v1/presets", wanted);
    expect(status).toBe(201);
    expect(preset).toEqual({
      ...wanted,
      id: expect.stringMatching(ID.presets),
      cross_link_enabled: false,
      cross_link_template: expect.stringContaining("{link}"),
      is_default: false,
      is_system: false,
      created_at: NOW.toISOString(),
      updated_at: NOW.toISOString(),
    });
    const change = { name: "Job", primary_platform: null };
    expect((await call("PUT", `/v1/presets/${preset.id}`, change)).body).toEqual({ ...preset, ...change });
    expect((await call("DELETE", `/v1/presets/${preset.id}`)).status).toBe(204);
    expect((await call("GET", `/v1/presets/${preset.id}`)).status).toBe(404);
  });

  test("a bad name or a primary platform outside the preset: 400", async () => {
    for (const rest of [{ name: "" }, { name: "x".repeat(101) }, { primary_platform: "bluesky" }]) {
      const { status, body } = await call("POST", "/v1/presets", { ...wanted, ...rest });
      expect([status, Object.keys(body.details)]).toEqual([400, Object.keys(rest)]);
    }
  });

  test("there is one default preset at most", async () => {
    const { body: preset } = await call("POST", "/v1/presets", { ...wanted, is_default: true });
    const { body } = await call("GET", "/v1/presets");
    const defaults = body.presets.filter((item: { is_default: boolean }) => item.is_default);
    expect(defaults).toEqual([preset]);
  });

  test("a system preset is never changed or deleted: 403", async () => {
    const id = await seeded("presets", (preset) => preset.is_system);
    for (const answer of [
      await call("PUT", `/v1/presets/${id}`, { name: "Mine" }),
      await call("DELETE", `/v1/presets/${id}`),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
    }
  });
});

describe("webhooks", () => {
  const wanted = { url: "https://example.com/hook", events: ["post.published"] };

  test("POST, PUT and DELETE, with every documented field", async () => {
    const { status, body: webhook } = await call("POST", "/v1/webhooks", wanted);
    expect(status).toBe(201);
    expect(webhook).toEqual({
      ...wanted,
      id: expect.stringMatching(ID.webhooks),
      secret: expect.stringMatching(/^whsec_/),
      is_active: true,
      created_at: NOW.toISOString(),
      updated_at: NOW.toISOString(),
    });
    const change = { events: ["post.failed"], is_active: false };
    expect((await call("PUT", `/v1/webhooks/${webhook.id}`, change)).body).toEqual({ ...webhook, ...change });
    expect((await call("DELETE", `/v1/webhooks/${webhook.id}`)).status).toBe(204);
    expect((await call("GET", `/v1/webhooks/${webhook.id}`)).status).toBe(404);
  });

  test("a bad address or event: 400", async () => {
    for (const rest of [
      { url: "nowhere" },
      { url: "ftp://example.com" },
      { events: [] },
      { events: ["x"] },
    ]) {
      const { status, body } = await call("POST", "/v1/webhooks", { ...wanted, ...rest });
      expect([status, body.code]).toEqual([400, "bad_request"]);
    }
  });
});

describe("the caller", () => {
  test("whom the verifier refuses is served nothing", async () => {
    expect((await origin.request("/v1/posts")).status).toBe(401);
    expect((await origin.request("/v1/posts", { method: "POST" })).status).toBe(401);
  });

  test("is who the verifier says, whatever the headers say", async () => {
    const { body: post } = await newPost();
    const headers = { ...callerHeaders("other"), "X-Octopost-Account": "demo", "X-Octopost-Mode": "live" };
    expect((await origin.request(`/v1/posts/${post.id}`, { headers })).status).toBe(404);
  });

  test("one account never sees what another has", async () => {
    const { body: post } = await newPost();
    expect((await call("GET", `/v1/posts/${post.id}`, undefined, "other")).status).toBe(404);
    expect((await call("DELETE", `/v1/posts/${post.id}`, undefined, "other")).status).toBe(404);
    expect((await call("GET", `/v1/posts/${post.id}`)).status).toBe(200);
  });
});

test("logs one line per request, refused ones too, and never a query string", async () => {
  await newPost();
  await call("GET", "/v1/nowhere?api_key=secret");
  await origin.request("/v1/posts");
  expect(lines).toEqual([
    "live origin  POST /v1/posts 201",
    "live origin  GET /v1/nowhere 404",
    "live origin  GET /v1/posts 401",
  ]);
});

test("an unknown endpoint: 404 as documented", async () => {
  expect(await call("GET", "/v1/nowhere")).toEqual({
    status: 404,
    body: { error: "No such endpoint", code: "not_found" },
  });
});

test("demo_delay_ms must be a sensible number", async () => {
  for (const asked of ["-1", "soon", "1e3", "30001", ""]) {
    expect((await call("GET", `/v1/posts?demo_delay_ms=${asked}`)).body.code).toBe("bad_request");
  }
  expect((await call("GET", "/v1/posts?demo_delay_ms=0")).status).toBe(200);
});

describe("served over HTTP", () => {
  const key = newAssertionKey();
  let publisher: KeyPublisher;
  beforeAll(async () => {
    publisher = await KeyPublisher.start(key);
  });
  afterAll(() => publisher.close());

  const serve = (mode: "live" | "sandbox", port = 0) =>
    serveDemoOrigin({ mode, port, jwksUrl: publisher.url, log: (line) => lines.push(line) });
  const signedHeaders = (url: string, mode: "live" | "test") => ({
    "X-Octopost-Assertion": signedJwt(claimsFor(url, { mode }), key),
  });

  test("answers on a free port of loopback, and closing frees it", async () => {
    const served = await serve("sandbox");
    expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${served.url}/v1/posts`, { headers: signedHeaders(served.url, "test") });
    expect(await response.text()).toContain("sandbox");
    await served.close();
    await expect(fetch(`${served.url}/v1/posts`)).rejects.toThrow();
    expect(lines).toEqual(["sandbox origin  GET /v1/posts 200"]);
  });

  test("refuses what the gateway has not signed, for it and for its mode", async () => {
    const served = await serve("live");
    const ask = (headers: Record<string, string>) => fetch(`${served.url}/v1/posts`, { headers });
    const elsewhere = signedHeaders("http://127.0.0.1:1", "live");
    for (const headers of [{}, elsewhere, signedHeaders(served.url, "test")]) {
      const response = await ask({ ...headers, "X-Octopost-Account": "demo", "X-Octopost-Mode": "live" });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({
        error: "Only the gateway may call this origin",
        code: "unauthorized",
      });
    }
    expect((await ask(signedHeaders(served.url, "live"))).status).toBe(200);
    await served.close();
  });

  test("logs a request whose caller went away as cut off", async () => {
    const served = await serve("live");
    const caller = connect(Number(new URL(served.url).port), "127.0.0.1");
    const request = (path: string) => rawRequest(path, signedHeaders(served.url, "live"));
    // Both in one write: the answer to the first shows that the server has the second as well.
    caller.write(request("/v1/accounts") + request("/v1/posts?demo_delay_ms=30000"));
    await once(caller, "data");
    caller.destroy();
    await vi.waitFor(() => expect(lines).toContain("live origin  GET /v1/posts cut off"));
    await served.close();
  });

  test("rejects when the port is taken", async () => {
    const first = await serve("live");
    await expect(serve("live", Number(new URL(first.url).port))).rejects.toThrow("EADDRINUSE");
    await first.close();
  });
});

function rawRequest(path: string, more: Record<string, string>): string {
  const headers = Object.entries({ Host: "localhost", ...more });
  return `GET ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
