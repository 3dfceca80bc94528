/** How much goes on at a time, as the machine keeps up or falls behind. */
import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

/** How many of ten that want to enter have been let in. */
async function letIn(pace: Pace): Promise<number> {
  let entered = 0;
  for (let index = 0; index < 10; index++) void pace.enter().then(() => entered++);
  await new Promise((resolve) => setImmediate(resolve));
  return entered;
}

test("lets one more in for each time that the machine has kept up, and never more than it may", async () => {
  const pace = new Pace(6);
  pace.note(10);
  expect(await letIn(pace)).toBe(5);

  const atMost = new Pace(6);
  for (let index = 0; index < 10; index++) atMost.note(10);
  expect(await letIn(atMost)).toBe(6);
});

test("lets half as many in when the machine has fallen behind, but always one", async () => {
  const pace = new Pace(6);
  pace.note(1000);
  expect(await letIn(pace)).toBe(2);

  const slowest = new Pace(6);
  for (let index = 0; index < 10; index++) slowest.note(1000);
  expect(await letIn(slowest)).toBe(1);
});

test("lets the next one in when one leaves", async () => {
  const pace = new Pace(1);
  await pace.enter();
  let entered = false;
  void pace.enter().then(() => {
    entered = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(entered).toBe(false);
  pace.leave();
  await new Promise((resolve) => setImmediate(resolve));
  expect(entered).toBe(true);
});
