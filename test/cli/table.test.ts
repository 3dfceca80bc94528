import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Column, fields, table } from "../../src/cli/keys/table.ts";

type Row = readonly string[];

/** A column for each heading; `ID` stays, the others as `options` says. */
function columns(
  headings: readonly string[],
  options: Readonly<Record<string, Partial<Column<Row>>>> = {},
): Column<Row>[] {
  return headings.map((heading, at) => ({ heading, cell: (row) => row[at] ?? "", ...options[heading] }));
}

const COLUMNS = columns(["ID", "NAME", "STATE"]);
const ROWS = [
  ["key_1", "日本 🚀", "active"],
  ["key_22", "a", "revoked"],
];

// The process of the tests may have a terminal.
beforeEach(() => {
  vi.stubEnv("FORCE_COLOR", "0");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a table", () => {
  test("aligns its columns by display width, without borders or trailing spaces", () => {
    expect(table(COLUMNS, ROWS)).toBe(
      "ID      NAME     STATE\nkey_1   日本 🚀  active\nkey_22  a        revoked\n",
    );
  });

  test("fits into a terminal of its own width", () => {
    expect(table(COLUMNS, ROWS, 24)).toBe(table(COLUMNS, ROWS));
  });

  test("has one line per cell when the terminal is too narrow for the columns that stay", () => {
    expect(table(COLUMNS, ROWS, 23)).toBe(
      "ID     key_1\nNAME   日本 🚀\nSTATE  active\n\nID     key_22\nNAME   a\nSTATE  revoked\n",
    );
  });

  test("leaves out the columns of the lowest rank first, and names them", () => {
    const ranked = columns(["ID", "NAME", "STATE"], { NAME: { leftOut: 2 }, STATE: { leftOut: 1 } });
    expect(table(ranked, ROWS, 20)).toBe(
      "ID      NAME\nkey_1   日本 🚀\nkey_22  a\nNot shown in this width: STATE\n",
    );
    expect(table(ranked, ROWS, 6)).toBe("ID\nkey_1\nkey_22\nNot shown in this width: NAME, STATE\n");
  });

  test("shortens texts to the width of the terminal, never inside a character", () => {
    const shrinking = columns(["ID", "NAME"], { NAME: { minWidth: 4 } });
    const rows = [
      ["1", "Production Server"],
      ["2", "日本日本日本"],
      ["3", "👩‍👩‍👧".repeat(8)],
    ];
    expect(table(shrinking, rows, 15)).toMatch(
      /^ID {2}NAME\n1 {3}Production…\n2 {3}日本日本日…\n3 {3}(?:👩‍👩‍👧)+…\n$/u,
    );
    expect(table(shrinking, rows, 8)).toMatch(/^ID {2}NAME\n1 {3}Pro…\n2 {3}日…\n/);
  });

  test.each([40, 60, 80, 100, 120, 200])("is never wider than a terminal of %i columns", (width) => {
    const many = columns(["ID", "A", "B", "C"], {
      A: { minWidth: 8 },
      B: { leftOut: 1 },
      C: { leftOut: 2, minWidth: 10 },
    });
    const rows = [["i".repeat(26), "a".repeat(70), "b".repeat(19), "c".repeat(90)]];
    const lines = table(many, rows, width).split("\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines[1]).toContain("i".repeat(26));
  });

  test("without rows is empty", () => {
    expect(table(COLUMNS, [], 5)).toBe("");
  });

  test("escapes line ends and control characters", () => {
    expect(table(columns(["A", "B"]), [["x\ny", "\u001b[31mred\u202e"]])).toBe(
      "A        B\nx\\u{a}y  \\u{1b}[31mred\\u{202e}\n",
    );
  });

  test("has the same layout in colour", () => {
    const colored = columns(["ID", "STATE"], { STATE: { style: () => "red" } });
    const text = table(colored, ROWS, 80);
    expect(text).not.toContain("\u001b");
    vi.stubEnv("FORCE_COLOR", "1");
    const inColor = table(colored, ROWS, 80);
    expect(inColor).toContain("\u001b[31m日本 🚀\u001b[39m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: removes the colours.
    expect(inColor.replaceAll(/\u001b\[\d+m/g, "")).toBe(text);
  });
});

test("fields are aligned", () => {
  expect(fields({ id: "1", "last used": "never" })).toBe("id         1\nlast used  never\n");
});
