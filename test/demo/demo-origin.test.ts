import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { createDemoOrigin, serveDemoOrigin } from "../../src/demo/demo-origin.ts";
import type { AssertionVerifier } from "../../src/demo/verify-assertion.ts";
import { claimsFor, KeyPublisher, signedJwt } from "../support/assertion-maker.ts";

const NOW = new Date("2026-04-03T12:00:00.000Z");
const POST_ID = /^post_\w+$/;

/** Fake: the assertion is the account's name. The real one is in verify-assertion.test.ts. */
const trustAll: AssertionVerifier = async (account) =>
  account === undefined ? null : { account, keyId: "key_0123456789012345678901", scope: "all" };
const callerHeaders = (account = "demo") => ({ "X-Octopost-Assertion": account });

let lines: string[];
let origin: ReturnType<typeof createDemoOrigin>;
beforeEach(() => {
  lines = [];
  origin = createDemoOrigin({
    mode: "live",
    verify: trustAll,
    log: (line) => lines.push(line),
    now: () => NOW,
  });
});

// The tests below check the bodies key by key.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Answer = { status: number; body: any };

async function call(method: string, path: string, body?: unknown, account?: string): Promise<Answer> {
  const response = await origin.request(path, {
    method,
    headers: { ...callerHeaders(account), ...(body ? { "Content-Type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: await response.json() };
}

const newPost = (rest: object = {}) =>
  call("POST", "/v1/posts", { content: "Hi", platforms: ["bluesky"], ...rest });

describe("posts", () => {
  test("the first post of an account names its origin, live or sandbox", async () => {
    for (const mode of ["live", "sandbox"] as const) {
      const response = await createDemoOrigin({ mode, verify: trustAll }).request("/v1/posts", {
        headers: callerHeaders(),
      });
      const text = await response.text();
      expect(text).toContain(`of the ${mode} origin`);
      expect(text).not.toContain(mode === "live" ? "sandbox" : "live");
    }
  });

  test("POST creates a draft, which is the first of the list", async () => {
    const { status, body } = await newPost();
    expect([status, body]).toEqual([
      201,
      {
        id: expect.stringMatching(POST_ID),
        content: "Hi",
        platforms: ["bluesky"],
        status: "draft",
        platform_results: null,
        created_at: NOW.toISOString(),
        published_at: null,
      },
    ]);
    expect((await call("GET", "/v1/posts")).body.posts[0]).toEqual(body);
  });

  test("publish sets status, published_at and a result for each platform", async () => {
    const { body: post } = await newPost({ platforms: ["bluesky", "mastodon"] });
    const { status, body } = await call("POST", `/v1/posts/${post.id}/publish`);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...post,
      status: "published",
      published_at: NOW.toISOString(),
      platform_results: {
        bluesky: { success: true, post_url: expect.stringMatching(/^https:\/\/live\.example\//) },
        mastodon: { success: true, post_url: expect.stringMatching(/^https:\/\/live\.example\//) },
      },
    });
    expect((await call("GET", "/v1/posts")).body.posts[0]).toEqual(body);
  });

  test("refuses a body without content or platforms, or that is not JSON or too large, with 400", async () => {
    for (const rest of [{ content: "" }, { content: 7 }, { platforms: [] }, { platforms: "bluesky" }]) {
      expect(await newPost(rest)).toMatchObject({ status: 400, body: { code: "bad_request" } });
    }
    for (const body of ["{", "[]", "x".repeat(1024 * 1024 + 1)]) {
      const response = await origin.request("/v1/posts", { method: "POST", headers: callerHeaders(), body });
      expect(response.status).toBe(400);
    }
    expect((await call("GET", "/v1/posts")).body.posts).toHaveLength(1);
  });

  test("answers 404 for an unknown post and an unknown endpoint", async () => {
    for (const [method, path] of [
      ["POST", "/v1/posts/post_no/publish"],
      ["GET", "/v1/nowhere"],
    ] as const) {
      expect(await call(method, path)).toEqual({
        status: 404,
        body: { error: "Not found", code: "not_found" },
      });
    }
  });
});

describe("the caller", () => {
  test("must be verified: everything else gets 401", async () => {
    expect((await origin.request("/v1/posts")).status).toBe(401);
    expect((await origin.request("/v1/posts", { method: "POST" })).status).toBe(401);
  });

  test("comes from the verifier, not from other headers", async () => {
    await newPost();
    const headers = { ...callerHeaders("other"), "X-Octopost-Account": "demo", "X-Octopost-Mode": "live" };
    expect(await (await origin.request("/v1/posts", { headers })).text()).not.toContain("Hi");
  });

  test("sees the posts of its own account only", async () => {
    const { body: post } = await newPost();
    expect((await call("POST", `/v1/posts/${post.id}/publish`, undefined, "other")).status).toBe(404);
    expect((await call("GET", "/v1/posts", undefined, "other")).body.posts).toHaveLength(1);
    expect((await call("GET", "/v1/posts")).body.posts[0].status).toBe("draft");
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

test("demo_delay_ms must be a whole number up to the limit", async () => {
  for (const delay of ["-1", "soon", "1e3", "30001", ""]) {
    expect((await call("GET", `/v1/posts?demo_delay_ms=${delay}`)).body.code).toBe("bad_request");
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

  test("refuses what the gateway has not signed, for this origin and its mode", async () => {
    const served = await serve("live");
    const request = (headers: Record<string, string>) => fetch(`${served.url}/v1/posts`, { headers });
    const elsewhere = signedHeaders("http://127.0.0.1:1", "live");
    for (const headers of [{}, elsewhere, signedHeaders(served.url, "test")]) {
      const response = await request({
        ...headers,
        "X-Octopost-Account": "demo",
        "X-Octopost-Mode": "live",
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({
        error: "Only the gateway may call this origin",
        code: "unauthorized",
      });
    }
    expect((await request(signedHeaders(served.url, "live"))).status).toBe(200);
    await served.close();
  });

  test("logs a request whose client disconnected as aborted", async () => {
    const served = await serve("live");
    const client = connect(Number(new URL(served.url).port), "127.0.0.1");
    const request = (path: string) => rawRequest(path, signedHeaders(served.url, "live"));
    // In one write: once the first is answered, the server has the second as well.
    client.write(request("/v1/nowhere") + request("/v1/posts?demo_delay_ms=30000"));
    await once(client, "data");
    client.destroy();
    await vi.waitFor(() => expect(lines).toContain("live origin  GET /v1/posts aborted"));
    await served.close();
  });

  test("rejects when the port is in use", async () => {
    const first = await serve("live");
    await expect(serve("live", Number(new URL(first.url).port))).rejects.toThrow("EADDRINUSE");
    await first.close();
  });
});

function rawRequest(path: string, more: Record<string, string>): string {
  const headers = Object.entries({ Host: "localhost", ...more });
  return `GET ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
