// Points in time as text and as Unix milliseconds.

import { expect, test } from "vitest";
import { isoTimeOrNull, unixMsOrNull } from "../../src/keys/timestamp.ts";

test("a time survives the conversion to text and back, and so does null", () => {
  expect(isoTimeOrNull(1_700_000_000_123)).toBe("2023-11-14T22:13:20.123Z");
  expect(unixMsOrNull(isoTimeOrNull(1_700_000_000_123))).toBe(1_700_000_000_123);
  expect(unixMsOrNull(isoTimeOrNull(null))).toBeNull();
});
