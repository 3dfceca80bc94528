// What of a request outlives its client, over a context and a signal that the test holds in its hands.

import { beforeEach, expect, test, vi } from "vitest";
import { RequestLifetime } from "../../src/gateway/request-lifetime.ts";

let kept: Promise<unknown>[];
let client: AbortController;
let signalsAskedFor: number;
let lifetime: RequestLifetime;

beforeEach(() => {
  kept = [];
  client = new AbortController();
  signalsAskedFor = 0;
  const request = {
    get signal() {
      signalsAskedFor += 1;
      return client.signal;
    },
  };
  const ctx = { waitUntil: (work: Promise<unknown>) => kept.push(work) };
  lifetime = new RequestLifetime(request as Request, ctx as unknown as ExecutionContext);
});

test("a request that never begins to lifetime costs the platform nothing", () => {
  lifetime.onDisconnect(() => {});
  lifetime.finish();
  expect([kept.length, signalsAskedFor]).toEqual([0, 0]);
});

test("one that stays runs until it is over, however often it begins to", async () => {
  lifetime.keepAlive();
  lifetime.keepAlive();
  expect(kept).toHaveLength(1);
  const ended = vi.fn();
  void kept[0]?.then(ended);
  await Promise.resolve();
  expect(ended).not.toHaveBeenCalled();
  lifetime.finish();
  await kept[0];
});

test.each(["before", "after"])(
  "a client that goes is noticed when the request began to lifetime %s",
  (order) => {
    const end = vi.fn();
    if (order === "before") lifetime.keepAlive();
    lifetime.onDisconnect(end);
    if (order === "after") lifetime.keepAlive();
    expect(end).not.toHaveBeenCalled();
    client.abort();
    expect(end).toHaveBeenCalledOnce();
  },
);

test("a client that has gone while nobody minded is noticed as soon as somebody does", () => {
  lifetime.keepAlive();
  client.abort();
  const end = vi.fn();
  lifetime.onDisconnect(end);
  expect(end).toHaveBeenCalledOnce();
});

test("a request that begins to lifetime for a client that has gone ends", () => {
  const end = vi.fn();
  lifetime.onDisconnect(end);
  client.abort();
  expect(end).not.toHaveBeenCalled();
  lifetime.keepAlive();
  expect(end).toHaveBeenCalledOnce();
});

test("work that is kept is not the request's own", async () => {
  const work = Promise.resolve("renewed");
  lifetime.waitUntil(work);
  lifetime.finish();
  expect(kept).toEqual([work]);
});
