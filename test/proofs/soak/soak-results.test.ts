// Checks what a soak counts as a violation, and what it excuses.

import { expect, test } from "vitest";
import { type SoakKey, SoakResults } from "./soak-results.ts";

const key = (ends: Partial<SoakKey> = {}) => ({ id: "key_1", ...ends }) as SoakKey;
const response = { what: "GET /v1/posts", expected: 200, status: 200, complete: true, startedAt: 1000 };

test("accepts the expected response to an active key, and a refusal of an ended one", () => {
  const results = new SoakResults();
  results.judge(key(), response);
  results.judge(key({ endingSince: 10, revokedSince: 20 }), { ...response, status: 401 });
  results.judge(key({ endingSince: 990 }), { ...response, complete: false });
  expect(results).toMatchObject({ requests: 3, accepted: 1, refused: 2, violations: [] });
});

test.each<[string, SoakKey, object]>([
  ["an ended key that is accepted", key({ endingSince: 10, revokedSince: 20 }), {}],
  ["an ended key whose response is aborted", key({ endingSince: 10, revokedSince: 20 }), { complete: false }],
  [
    "an ended key that gets what only active keys get",
    key({ endingSince: 10, revokedSince: 20 }),
    { status: 403 },
  ],
  ["an active key that is refused", key(), { status: 401 }],
  ["an unexpected status", key(), { status: 404 }],
  ["a failure without a fault", key(), { status: 503 }],
  ["an abort without a fault", key(), { complete: false }],
  ["no response without a fault", key(), { status: 0, complete: false }],
])("%s is a violation", (_, who, what) => {
  const results = new SoakResults();
  results.judge(who, { ...response, ...what });
  expect(results.violations).toHaveLength(1);
});

test("excuses a failure during or shortly after a fault, but never a wrong acceptance", () => {
  const results = new SoakResults();
  results.faultStarted();
  results.judge(key(), { ...response, status: 503 });
  results.judge(key({ endingSince: 10, revokedSince: 20 }), response);
  results.faultEnded(900);
  results.judge(key(), { ...response, status: 502 });
  results.judge(key(), { ...response, status: 502, startedAt: 10_000 });
  expect([results.excused, results.violations.length]).toEqual([2, 2]);
});
