/** The project's Markdown pages as text: sections, tables, code blocks, anchors. Reads files, otherwise pure. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const PROJECT = join(import.meta.dirname, "..", "..");

/** Every page that a reader is led to. */
export const PAGES: readonly string[] = [
  "README.md",
  "SECURITY.md",
  "test/README.md",
  ...readdirSync(join(PROJECT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export function pageText(page: string): string {
  return readFileSync(join(PROJECT, page), "utf8");
}

/** The text under a heading of any level, without the sections of higher or equal level that follow. Throws when there is no such heading. */
export function sectionOf(page: string, heading: string): string {
  const lines = pageText(page).split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start === -1) throw new Error(`${page} has no heading "${heading}"`);
  const level = /^#+/.exec(lines[start] ?? "")?.[0].length ?? 1;
  const length = lines.slice(start + 1).findIndex((line) => new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join("\n");
}

/** The rows of every table in the text, as cells, without heads. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  const isRule = (line: string | undefined) => /^\|(?: ?:?-+:? ?\|)+$/.test(line ?? "");
  return lines
    .filter((line, at) => line.startsWith("|") && !isRule(line) && !isRule(lines[at + 1]))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What stands between backticks. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The fenced blocks of a language. */
export function codeBlocks(text: string, language: string): string[] {
  const blocks = text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm);
  return [...blocks].filter(([, marked]) => marked === language).map(([, , code = ""]) => code);
}

/** The text without its fenced blocks. */
export function proseOf(text: string): string {
  return text.replaceAll(/^ *```\w*\n[\s\S]*?^ *```$/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(pageText(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}
