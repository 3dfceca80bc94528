// The ledger calls that rate limits cost, and the table of them in docs/rate-limits.md.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { type Cost, costOf } from "./limit-cost.ts";

const TIERS = ["free", "starter", "pro"] as const;
const SHARES = [0.1, 0.5, 1, 10];

interface Row {
  readonly tier: string;
  readonly share: number;
  readonly before: Cost;
  readonly after: Cost;
}

const rows: Row[] = [];

beforeAll(async () => {
  for (const tier of TIERS) {
    for (const share of SHARES) {
      rows.push({
        tier,
        share,
        before: await costOf(tier, share, false),
        after: await costOf(tier, share, true),
      });
    }
  }
});

test("a key below its limit makes as many ledger calls as without limits", () => {
  for (const { before, after } of rows.filter(({ share }) => share <= 0.5)) {
    expect(after.admitted).toBe(after.requests);
    expect(after.ledgerCalls).toBeLessThanOrEqual(1.02 * before.ledgerCalls);
  }
});

test("a key at its limit is admitted in full, with at most a third more ledger calls", () => {
  for (const { before, after } of rows.filter(({ share }) => share === 1)) {
    expect(after.admitted).toBe(after.requests);
    expect(after.ledgerCalls).toBeLessThanOrEqual(1.33 * before.ledgerCalls);
  }
});

test("a key far over its limit is admitted up to it, with fewer ledger calls than without limits", () => {
  for (const { before, after } of rows.filter(({ share }) => share === 10)) {
    expect(after.admitted).toBe(after.requests / 10);
    expect(after.ledgerCalls).toBeLessThan(before.ledgerCalls);
  }
});

test("rows are written per grant, not per request", () => {
  for (const { after } of rows) expect(after.rowsWritten).toBeLessThanOrEqual(after.admitted / 2);
});

test("the table in docs/rate-limits.md states the measured figures", () => {
  const calls = ({ ledgerCalls, requests }: Cost) => (ledgerCalls / requests).toFixed(3);
  const lines = rows.map(
    ({ tier, share, before, after }) =>
      `| ${tier} | ${100 * share} % | ${calls(before)} | ${calls(after)} | ${(after.rowsWritten / after.requests).toFixed(3)} |`,
  );
  const page = readFileSync(new URL("../../docs/rate-limits.md", import.meta.url), "utf8");
  expect(page).toContain(lines.join("\n"));
});
