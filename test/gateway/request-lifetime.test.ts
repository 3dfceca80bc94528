// Which work continues after the client disconnects, over a fake context and a manual abort signal.

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

test("a request that is never kept alive costs the platform nothing", () => {
  lifetime.onDisconnect(() => {});
  lifetime.finish();
  expect([kept.length, signalsAskedFor]).toEqual([0, 0]);
});

test("a request that is kept alive, once or twice, runs until it has finished", async () => {
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
  "a disconnect is handled when the request was kept alive %s the handler was set",
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

test("a handler that is set after the disconnect runs at once", () => {
  lifetime.keepAlive();
  client.abort();
  const end = vi.fn();
  lifetime.onDisconnect(end);
  expect(end).toHaveBeenCalledOnce();
});

test("keeping a request alive after its client has disconnected runs the handler", () => {
  const end = vi.fn();
  lifetime.onDisconnect(end);
  client.abort();
  expect(end).not.toHaveBeenCalled();
  lifetime.keepAlive();
  expect(end).toHaveBeenCalledOnce();
});

test("background work is kept apart from the request", async () => {
  const work = Promise.resolve("renewed");
  lifetime.waitUntil(work);
  lifetime.finish();
  expect(kept).toEqual([work]);
});
