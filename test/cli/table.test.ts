import { describe, expect, test } from "vitest";
import { fields, table } from "../../src/cli/keys/table.ts";

const HEADINGS = ["ID", "NAME", "STATE"];
const ROWS = [
  ["key_1", "日本 🚀", "active"],
  ["key_22", "a", "revoked"],
];

describe("a table", () => {
  test("aligns its columns by display width, without borders or trailing spaces", () => {
    expect(table(HEADINGS, ROWS)).toBe(
      "ID      NAME     STATE\nkey_1   日本 🚀  active\nkey_22  a        revoked\n",
    );
  });

  test("fits into a terminal of its own width", () => {
    expect(table(HEADINGS, ROWS, 24)).toBe(table(HEADINGS, ROWS));
  });

  test("in a narrower terminal has one line per cell", () => {
    expect(table(HEADINGS, ROWS, 23)).toBe(
      "ID     key_1\nNAME   日本 🚀\nSTATE  active\n\nID     key_22\nNAME   a\nSTATE  revoked\n",
    );
  });

  test("without rows has its headings only", () => {
    expect(table(HEADINGS, [], 5)).toBe("ID  NAME  STATE\n");
  });

  test("escapes line ends and control characters", () => {
    expect(table(["A", "B"], [["x\ny", "\u001b[31mred\u202e"]])).toBe(
      "A        B\nx\\u{a}y  \\u{1b}[31mred\\u{202e}\n",
    );
  });
});

test("fields are aligned", () => {
  expect(fields({ id: "1", "last used": "never" })).toBe("id         1\nlast used  never\n");
});
