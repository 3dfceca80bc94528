// The ledger calls that rate limits cost, and the table of them in docs/rate-limits.md.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { type Cost, costOf } from "./limit-cost.ts";

const TIERS = ["free", "starter", "pro"] as const;
const SHARES = [0.1, 0.5, 1, 10];

/** In turn. */
const ISOLATES = [1, 10];

interface Row {
  readonly isolates: number;
  readonly tier: string;
  readonly share: number;
  readonly before: Cost;
  readonly after: Cost;
}

const rows: Row[] = [];

beforeAll(async () => {
  for (const isolates of ISOLATES) {
    for (const tier of TIERS) {
      for (const share of SHARES) {
        const before = await costOf(tier, share, { limited: false, isolates });
        const after = await costOf(tier, share, { limited: true, isolates });
        rows.push({ isolates, tier, share, before, after });
      }
    }
  }
});

test("a key below its limit makes as many ledger calls as without limits", () => {
  for (const { before, after } of rows.filter(({ share }) => share <= 0.5)) {
    expect(after.admitted).toBe(after.requests);
    expect(after.ledgerCalls).toBeLessThanOrEqual(1.02 * before.ledgerCalls);
  }
});

test("a key at its limit is admitted in full, with at most a tenth more ledger calls", () => {
  for (const { before, after } of rows.filter(({ share }) => share === 1)) {
    // A request at the edge of two windows counts in both.
    expect(after.admitted).toBeGreaterThanOrEqual(after.requests - 1);
    expect(after.ledgerCalls).toBeLessThanOrEqual(1.1 * before.ledgerCalls);
  }
});

test("a key far over its limit is admitted up to it, with no more ledger calls than without limits", () => {
  for (const { before, after } of rows.filter(({ share }) => share === 10)) {
    expect(after.admitted).toBe(after.requests / 10);
    expect(after.ledgerCalls).toBeLessThanOrEqual(1.01 * before.ledgerCalls);
  }
});

test("on one isolate rows are written per grant, not per request", () => {
  for (const { after } of rows.filter(({ isolates }) => isolates === 1))
    expect(after.rowsWritten).toBeLessThanOrEqual(after.admitted / 2);
});

test("the table in docs/rate-limits.md states the measured figures", () => {
  const calls = ({ ledgerCalls, requests }: Cost) => (ledgerCalls / requests).toFixed(3);
  const lines = rows.map(
    ({ isolates, tier, share, before, after }) =>
      `| ${isolates} | ${tier} | ${100 * share} % | ${calls(before)} | ${calls(after)} | ${(after.rowsWritten / after.requests).toFixed(3)} |`,
  );
  const page = readFileSync(new URL("../../docs/rate-limits.md", import.meta.url), "utf8");
  for (const line of lines) expect(page).toContain(`\n${line}\n`);
  expect(page.match(/^\| 10? \|/gm)).toHaveLength(lines.length);
});
