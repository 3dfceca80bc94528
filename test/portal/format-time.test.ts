// Relative times: numbers always, and never a number that the next unit would state better.

import { expect, test } from "vitest";
import { relativeTime } from "../../src/portal/format-time.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse("2026-11-25T10:00:00.000Z");

const relativeTo = (ms: number) => relativeTime(new Date(NOW + ms).toISOString(), NOW);

test("Monday 23:30, seen on Wednesday at 10:00, is not called yesterday", () => {
  expect(relativeTime("2026-11-23T23:30:00Z", NOW)).toBe("34 hours ago");
});

test.each<[number, string]>([
  [0, "just now"],
  [-59 * SECOND, "just now"],
  [59 * SECOND, "in a moment"],
  [-MINUTE, "1 minute ago"],
  [-59.4 * MINUTE, "59 minutes ago"],
  [-59.6 * MINUTE, "1 hour ago"],
  [59.6 * MINUTE, "in 1 hour"],
  [-23.6 * HOUR, "24 hours ago"],
  [-DAY, "24 hours ago"],
  [DAY, "in 24 hours"],
  [-47.6 * HOUR, "2 days ago"],
  [2 * DAY, "in 2 days"],
  [7 * DAY, "in 7 days"],
  [-30 * DAY, "30 days ago"],
  [30 * DAY, "in 30 days"],
  [-59.6 * DAY, "2 months ago"],
  [90 * DAY, "in 3 months"],
  [365 * DAY, "in 12 months"],
  [-365 * DAY, "12 months ago"],
  [-729 * DAY, "2 years ago"],
  [-3650 * DAY, "10 years ago"],
])("%d ms from now: %s", (ms, text) => {
  expect(relativeTo(ms)).toBe(text);
});

test("no distance up to three years is said in words or with a number too large for its unit", () => {
  const limits: Readonly<Record<string, number>> = { minute: 59, hour: 47, day: 59, month: 23, year: 3 };
  for (let ms = MINUTE; ms < 3 * 365 * DAY; ms = Math.ceil(ms * 1.0007)) {
    for (const sign of [-1, 1]) {
      const text = relativeTo(sign * ms);
      const [, count, unit = ""] = /^(?:in )?(\d+) (minute|hour|day|month|year)s?(?: ago)?$/.exec(text) ?? [];
      expect(Number(count), text).toBeGreaterThan(0);
      expect(Number(count), text).toBeLessThanOrEqual(limits[unit] ?? 0);
    }
  }
});
