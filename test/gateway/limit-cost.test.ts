// The ledger calls that rate limits cost, and the table of them in docs/rate-limits.md.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { type Cost, costOf } from "./limit-cost.ts";

const TIERS = ["free", "starter", "pro"] as const;
const SHARES = [0.1, 0.5, 1, 10];

const ISOLATES = [1, 10];

interface Row {
  readonly tier: string;
  readonly share: number;
  readonly isolates: number;
  readonly before: Cost;
  readonly after: Cost;
}

const rows: Row[] = [];

beforeAll(async () => {
  for (const isolates of ISOLATES) {
    for (const tier of TIERS) {
      for (const share of SHARES) {
        rows.push({
          tier,
          share,
          isolates,
          before: await costOf(tier, share, { limited: false, isolates }),
          after: await costOf(tier, share, { limited: true, isolates }),
        });
      }
    }
  }
});

test("a key within its limit is admitted in full, on ten isolates as on one", () => {
  // A request at the edge of two windows counts in both.
  for (const { share, after } of rows.filter((row) => row.share <= 1))
    expect(after.requests - after.admitted, `${share}`).toBeLessThanOrEqual(share === 1 ? 1 : 0);
});

test("on one isolate, a key at up to half of its limit makes at most a tenth more calls than without limits", () => {
  for (const { share, isolates, before, after } of rows)
    if (isolates === 1 && share <= 0.5)
      expect(after.ledgerCalls).toBeLessThanOrEqual(1.1 * before.ledgerCalls);
});

test("no key makes more than one call per request", () => {
  for (const { after } of rows) expect(after.ledgerCalls).toBeLessThanOrEqual(1.02 * after.requests);
});

test("a key far over its limit is admitted up to it, with fewer calls than without limits on one isolate", () => {
  for (const { share, isolates, before, after } of rows) {
    if (share !== 10) continue;
    // The last requests may wait for the window after.
    expect(after.admitted).toBeGreaterThanOrEqual(after.requests / 10);
    expect(after.admitted).toBeLessThanOrEqual(after.requests / 10 + 2 * isolates);
    if (isolates === 1) expect(after.ledgerCalls).toBeLessThan(before.ledgerCalls);
  }
});

test("at most one row is written per admitted request", () => {
  for (const { after } of rows) expect(after.rowsWritten).toBeLessThanOrEqual(1.1 * after.admitted);
});

test("the table in docs/rate-limits.md states the measured figures", () => {
  const calls = ({ ledgerCalls, requests }: Cost) => (ledgerCalls / requests).toFixed(3);
  const rowsOf = ({ rowsWritten, requests }: Cost) => (rowsWritten / requests).toFixed(3);
  const lines = rows.map(
    ({ tier, share, isolates, before, after }) =>
      `| ${isolates} | ${tier} | ${100 * share} % | ${calls(before)} | ${calls(after)} | ${rowsOf(after)} |`,
  );
  if (process.env.SHOW_LIMIT_COST) console.log(lines.join("\n"));
  const page = readFileSync(new URL("../../docs/rate-limits.md", import.meta.url), "utf8");
  expect(page).toContain(lines.join("\n"));
});
