import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { gatherBody } from "../../src/gateway/gather-body.ts";

/** Longer than a body may take. */
const BUSY_MS = 300;

test("reads what arrived while the isolate was busy for longer than the time limit", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(controller) {
      controller.enqueue(new Uint8Array([1]));
      await pause(5);
      const until = performance.now() + BUSY_MS;
      while (performance.now() < until);
      // As in workerd, reading takes turns of the event loop.
      await pause(1);
      controller.enqueue(new Uint8Array([2]));
      controller.close();
    },
  });
  const gathered = await gatherBody(body, null);
  expect(gathered).toEqual({ isWhole: true, bytes: new Uint8Array([1, 2]) });
});

test("does not wait for a body that pauses for longer than the time limit", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(controller) {
      controller.enqueue(new Uint8Array([1]));
      await promise;
      controller.close();
    },
  });
  const gathered = await gatherBody(body, null);
  resolve();
  expect(gathered).toMatchObject({ isWhole: false, start: { pieces: [new Uint8Array([1])] } });
});
