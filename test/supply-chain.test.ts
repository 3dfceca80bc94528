// Dependencies and workflows: each dependency has a purpose and one exact version; workflows have minimal permissions.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "..");
const WORKFLOWS = join(PROJECT, ".github", "workflows");

/** The servers that the benchmark compares against: a package with its own lock file. */
const OUTSIDE = join(PROJECT, "test", "bench", "outside");
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

async function workflows(): Promise<[name: string, text: string][]> {
  const names = await readdir(WORKFLOWS);
  return Promise.all(
    names.map(async (name) => [name, await readFile(join(WORKFLOWS, name), "utf8")] as const),
  ) as Promise<[string, string][]>;
}

describe("a workflow", () => {
  test("pins every action to a commit, with its version in a comment", async () => {
    for (const [name, text] of await workflows()) {
      const uses = [...text.matchAll(/uses: *(.*)/g)].map(([, action]) => action);
      expect(uses.length, name).toBeGreaterThan(0);
      for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test("has no permissions, keeps no credentials, and passes no text of a change to a shell", async () => {
    for (const [, text] of await workflows()) {
      expect(text).toMatch(/^permissions: \{\}$/m);
      expect(text.match(/permissions:/g)).toHaveLength(1);
      expect(text.match(/actions\/checkout@/g)?.length).toBe(
        text.match(/persist-credentials: false/g)?.length,
      );
      expect(text).not.toMatch(/pull_request_target|secrets\./);
      for (const [, command] of text.matchAll(/run: *(.*)/g)) expect(command).not.toContain("${{");
    }
  });
});

test("every dependency has one exact version, and a purpose in docs/contributing.md", async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8"));
  const all: Record<string, string> = { ...dependencies, ...devDependencies };
  for (const version of Object.values(all)) expect(version).toMatch(EXACT);

  const page = await readFile(join(PROJECT, "docs", "contributing.md"), "utf8");
  const [, section = ""] = page.split("\n## Dependencies\n");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (.*?) \|/gm)].map(
    ([, cell]) => cell ?? "",
  );
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  expect(named.sort()).toEqual(Object.keys(all).sort());
});

test("the benchmark's servers have exact versions too, in a package of their own", async () => {
  const { dependencies, ...rest } = JSON.parse(await readFile(join(OUTSIDE, "package.json"), "utf8"));
  expect(Object.keys(dependencies).length).toBeGreaterThan(0);
  for (const version of Object.values(dependencies)) expect(version).toMatch(EXACT);
  expect(Object.keys(rest).filter((name) => /dependencies|scripts|workspaces/i.test(name))).toEqual([]);
  const { workspaces } = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8"));
  expect(workspaces).toBeUndefined();
});

test("a lock file has the hash of each package, and no registry host", async () => {
  for (const directory of [PROJECT, OUTSIDE]) {
    const { packages } = JSON.parse(await readFile(join(directory, "package-lock.json"), "utf8"));
    const locked = Object.values(packages as Record<string, { resolved?: string; integrity?: string }>);
    expect(locked.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
    expect(locked.filter(({ integrity }) => integrity !== undefined).length).toBeGreaterThan(20);
  }
});
