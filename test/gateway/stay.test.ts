// What of a request outlives its client, over a context and a signal that the test holds in its hands.

import { beforeEach, expect, test, vi } from "vitest";
import { Stay } from "../../src/gateway/stay.ts";

let kept: Promise<unknown>[];
let client: AbortController;
let signalsAskedFor: number;
let stay: Stay;

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
  stay = new Stay(request as Request, ctx as unknown as ExecutionContext);
});

test("a request that never begins to stay costs the platform nothing", () => {
  stay.whenClientGoes(() => {});
  stay.over();
  expect([kept.length, signalsAskedFor]).toEqual([0, 0]);
});

test("one that stays runs until it is over, however often it begins to", async () => {
  stay.begin();
  stay.begin();
  expect(kept).toHaveLength(1);
  const ended = vi.fn();
  void kept[0]?.then(ended);
  await Promise.resolve();
  expect(ended).not.toHaveBeenCalled();
  stay.over();
  await kept[0];
});

test.each(["before", "after"])("a client that goes is noticed when the request began to stay %s", (order) => {
  const end = vi.fn();
  if (order === "before") stay.begin();
  stay.whenClientGoes(end);
  if (order === "after") stay.begin();
  expect(end).not.toHaveBeenCalled();
  client.abort();
  expect(end).toHaveBeenCalledOnce();
});

test("a client that has gone while nobody minded is noticed as soon as somebody does", () => {
  stay.begin();
  client.abort();
  const end = vi.fn();
  stay.whenClientGoes(end);
  expect(end).toHaveBeenCalledOnce();
});

test("a request that begins to stay for a client that has gone ends", () => {
  const end = vi.fn();
  stay.whenClientGoes(end);
  client.abort();
  expect(end).not.toHaveBeenCalled();
  stay.begin();
  expect(end).toHaveBeenCalledOnce();
});

test("work that is kept is not the request's own", async () => {
  const work = Promise.resolve("renewed");
  stay.waitUntil(work);
  stay.over();
  expect(kept).toEqual([work]);
});
