// Checks what a soak counts as a violation, and what it excuses.

import { expect, test } from "vitest";
import { AccountTerms, KeyTerms } from "./key-terms.ts";
import { SoakResults } from "./soak-results.ts";

const response = {
  what: "GET /v1/posts",
  allowed: new Set([200]),
  status: 200,
  complete: true,
  startedAt: 1000,
  endedAt: 1100,
};
const changing = new Set([200, 401]);

test("accepts what the policy allows, and a response that breaks off while the terms change", () => {
  const results = new SoakResults();
  results.judge(response);
  results.judge({ ...response, allowed: new Set([401]), status: 401 });
  results.judge({ ...response, allowed: changing, status: 401 });
  results.judge({ ...response, allowed: changing, complete: false });
  expect(results).toMatchObject({ requests: 4, accepted: 1, refused: 3, violations: [] });
});

test.each<[string, object]>([
  ["a key that is accepted against its terms", { allowed: new Set([401]) }],
  ["a refusal against the terms", { status: 401 }],
  ["an unexpected status", { status: 404 }],
  ["a failure without a fault", { status: 503 }],
  ["a failure while the terms change", { status: 503, allowed: changing }],
  ["an abort without a fault", { complete: false }],
  ["no response without a fault", { status: 0, complete: false }],
])("%s is a violation", (_, what) => {
  const results = new SoakResults();
  results.judge({ ...response, ...what });
  expect(results.violations).toHaveLength(1);
});

test("excuses a failure during or shortly after a fault, but never a wrong acceptance", () => {
  const results = new SoakResults();
  results.faultStarted();
  results.judge({ ...response, status: 503 });
  results.judge({ ...response, allowed: new Set([401]) });
  results.judge({ ...response, status: 500 });
  results.faultEnded(900);
  results.judge({ ...response, status: 502 });
  results.judge({ ...response, status: 502, startedAt: 10_000, endedAt: 10_100 });
  expect([results.excused, results.violations.length]).toEqual([2, 3]);
});

test("a failed request that took longer than a lease is counted apart, a wrong acceptance is not", () => {
  const results = new SoakResults();
  results.judge({ ...response, status: 503, endedAt: 9000 });
  results.judge({ ...response, allowed: new Set([401]), endedAt: 9000 });
  expect([results.late, results.violations.length]).toEqual([1, 1]);
});

test("a restriction is certain once it is answered, a relaxation a while later", () => {
  const terms = new KeyTerms("live", new AccountTerms());
  const from = performance.now();
  const statuses = (startedAt: number, endedAt = startedAt) => [
    ...terms.statuses({ method: "GET", path: "/v1/posts", address: "203.0.113.7" }, startedAt, endedAt),
  ];
  const suspending = terms.account.isSuspended.change(true);
  const later = performance.now() + 1;
  expect(statuses(from - 1)).toEqual([200]);
  expect(statuses(later)).toEqual([200, 401]);
  suspending.answered(later, true);
  expect(statuses(from - 1, later + 1)).toEqual([200, 401]);
  expect(statuses(later)).toEqual([401]);

  const resuming = terms.account.isSuspended.change(false);
  resuming.answered(later, false);
  expect(statuses(later, performance.now())).toEqual([401, 200]);
  expect(statuses(later + 60_000)).toEqual([200]);
});

test("an address outside the key's or its account's networks, and a missing permission", () => {
  const account = new AccountTerms();
  const terms = new KeyTerms("live", account);
  const after = performance.now() + 60_000;
  terms.addressesFrom.change(["203.0.113."]).answered(0, true);
  const status = (address: string, method = "GET") => [
    ...terms.statuses({ method, path: "/v1/posts", address }, after, after),
  ];
  expect([status("203.0.113.7"), status("198.51.100.7")]).toEqual([[200], [403]]);
  terms.permissions.change(["posts:read"]).answered(0, true);
  expect([status("203.0.113.7"), status("203.0.113.7", "POST")]).toEqual([[200], [403]]);
  account.addressesFrom.change(["2001:db8:"]).answered(0, true);
  expect(status("203.0.113.7")).toEqual([403]);
});
