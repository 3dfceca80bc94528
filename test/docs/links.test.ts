// A reader of any page reaches what it links to: files, headings, and the paths that it names.

import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { anchorsOf, codeBlocks, PAGES, PROJECT, pageText, proseOf } from "./pages.ts";

const README_MAX_LINES = 160;

/** Targets of links and images that are neither on the web nor mail. */
function localLinks(page: string): string[] {
  const text = proseOf(pageText(page)).replaceAll(/`[^`\n]*`/g, "`code`");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^(?:https?|mailto):/.test(target));
}

describe.each(PAGES)("%s", (page) => {
  test("links only to files that exist", () => {
    const missing = localLinks(page).filter((target) => {
      const [path = ""] = target.split("#");
      return path !== "" && !existsSync(join(PROJECT, dirname(page), path));
    });
    expect(missing).toEqual([]);
  });

  test("links only to headings that exist", () => {
    const missing = localLinks(page).filter((target) => {
      const [path = "", anchor] = target.split("#");
      if (anchor === undefined) return false;
      const targetPage = path === "" ? page : normalize(join(dirname(page), path));
      return !anchorsOf(targetPage).includes(anchor);
    });
    expect(missing).toEqual([]);
  });

  test("names only paths of this project that exist", () => {
    // Alone or within a command.
    const paths = [...pageText(page).matchAll(/(?<![\w./-])(?:src|test|docs)\/[\w./-]*\w/g)].map(
      ([path]) => path,
    );
    expect(paths.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });

  test("says whose dashboard it means", () => {
    const prose = proseOf(pageText(page)).replaceAll(/https?:\S+/g, "");
    const mentions = [...prose.matchAll(/(\S+)\s+dashboard/gi)].map(([, whose = ""]) => whose);
    expect(mentions.filter((whose) => !/^(?:Octopost|Cloudflare)['’]s$/.test(whose))).toEqual([]);
  });

  test("has no block of commands that deletes a file", () => {
    const deleting = codeBlocks(pageText(page), "bash").filter((block) => /(?:^|[;&|]\s*)rm\b/m.test(block));
    expect(deleting).toEqual([]);
  });
});

test("the README leads to every page but that of the tests, which docs/contributing.md leads to", () => {
  const linked = localLinks("README.md").map((target) => target.split("#")[0]);
  const others = PAGES.filter((page) => page !== "README.md" && !linked.includes(page));
  expect(others).toEqual(["test/README.md"]);
  expect(localLinks("docs/contributing.md")).toContain("../test/README.md");
});

test(`the README has at most ${README_MAX_LINES} lines`, () => {
  expect(pageText("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(README_MAX_LINES);
});

test("anchors are made as GitHub makes them", () => {
  expect(anchorsOf("docs/errors.md")).toContain("rate_limited");
  expect(anchorsOf("docs/deploy.md")).toEqual(expect.arrayContaining(["4-lock-the-origins", "key_pepper"]));
  expect(anchorsOf("docs/integration.md")).toContain("keyservice-over-rpc");
});
