// Checks that a campaign adapts its concurrency to the load of the machine.
import { expect, test } from "vitest";
import { AdaptiveConcurrency } from "./adaptive-concurrency.ts";

/** How many of ten waiting tasks have been admitted. */
async function admitted(concurrency: AdaptiveConcurrency): Promise<number> {
  let count = 0;
  for (let index = 0; index < 10; index++) void concurrency.acquire().then(() => count++);
  await new Promise((resolve) => setImmediate(resolve));
  return count;
}

test("admits one more task for each fast measurement, up to the maximum", async () => {
  const concurrency = new AdaptiveConcurrency(6);
  concurrency.recordDuration(10);
  expect(await admitted(concurrency)).toBe(5);

  const atMost = new AdaptiveConcurrency(6);
  for (let index = 0; index < 10; index++) atMost.recordDuration(10);
  expect(await admitted(atMost)).toBe(6);
});

test("halves the limit for each slow measurement, down to one", async () => {
  const concurrency = new AdaptiveConcurrency(6);
  concurrency.recordDuration(1000);
  expect(await admitted(concurrency)).toBe(2);

  const slowest = new AdaptiveConcurrency(6);
  for (let index = 0; index < 10; index++) slowest.recordDuration(1000);
  expect(await admitted(slowest)).toBe(1);
});

test("admits the next task when one is released", async () => {
  const concurrency = new AdaptiveConcurrency(1);
  await concurrency.acquire();
  let count = false;
  void concurrency.acquire().then(() => {
    count = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(count).toBe(false);
  concurrency.release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(count).toBe(true);
});
