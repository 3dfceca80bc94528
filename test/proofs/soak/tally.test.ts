// What a soak calls wrong, and what it excuses.

import { expect, test } from "vitest";
import { type SoakKey, Tally } from "./tally.ts";

const key = (ends: Partial<SoakKey> = {}) => ({ id: "key_1", ...ends }) as SoakKey;
const answer = { what: "GET /v1/posts", expected: 200, status: 200, whole: true, startedAt: 1000 };

test("a good answer to a good key, and a refusal of a dead one, are right", () => {
  const tally = new Tally();
  tally.judge(key(), answer);
  tally.judge(key({ endingSince: 10, deadSince: 20 }), { ...answer, status: 401 });
  tally.judge(key({ endingSince: 990 }), { ...answer, whole: false });
  expect(tally).toMatchObject({ requests: 3, accepted: 1, refused: 2, wrong: [] });
});

test.each<[string, SoakKey, object]>([
  ["a dead key that is let through", key({ endingSince: 10, deadSince: 20 }), {}],
  ["a dead key whose answer is cut", key({ endingSince: 10, deadSince: 20 }), { whole: false }],
  [
    "a dead key that is told what only good keys are told",
    key({ endingSince: 10, deadSince: 20 }),
    { status: 403 },
  ],
  ["a good key that is refused", key(), { status: 401 }],
  ["another status than is due", key(), { status: 404 }],
  ["a failure without a fault", key(), { status: 503 }],
  ["a cut without a fault", key(), { whole: false }],
  ["no answer without a fault", key(), { status: 0, whole: false }],
])("%s is wrong", (_, who, what) => {
  const tally = new Tally();
  tally.judge(who, { ...answer, ...what });
  expect(tally.wrong).toHaveLength(1);
});

test("a failure while a fault is on, or just after it, is excused; a wrong accept never is", () => {
  const tally = new Tally();
  tally.faultBegins();
  tally.judge(key(), { ...answer, status: 503 });
  tally.judge(key({ endingSince: 10, deadSince: 20 }), answer);
  tally.faultEnds(900);
  tally.judge(key(), { ...answer, status: 502 });
  tally.judge(key(), { ...answer, status: 502, startedAt: 10_000 });
  expect([tally.excused, tally.wrong.length]).toEqual([2, 2]);
});
