// What the project takes from others: named with a reason, in one version, and run with no more rights than it needs.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "..");
const WORKFLOWS = join(PROJECT, ".github", "workflows");

async function workflows(): Promise<[name: string, text: string][]> {
  const names = await readdir(WORKFLOWS);
  return Promise.all(
    names.map(async (name) => [name, await readFile(join(WORKFLOWS, name), "utf8")] as const),
  ) as Promise<[string, string][]>;
}

describe("a workflow", () => {
  test("takes every action by its commit, with the version beside it", async () => {
    for (const [name, text] of await workflows()) {
      const uses = [...text.matchAll(/uses: *(.*)/g)].map(([, action]) => action);
      expect(uses.length, name).toBeGreaterThan(0);
      for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test("has no permission, keeps no credential, and puts no text of a change into a shell", async () => {
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

test("every dependency has one exact version, and a reason in the README", async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8"));
  const all: Record<string, string> = { ...dependencies, ...devDependencies };
  for (const version of Object.values(all)) expect(version).toMatch(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/);

  const readme = await readFile(join(PROJECT, "README.md"), "utf8");
  const [, section = ""] = readme.split("\n## Dependencies\n");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (.*?) \|/gm)].map(
    ([, cell]) => cell ?? "",
  );
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  expect(named.sort()).toEqual(Object.keys(all).sort());
});
