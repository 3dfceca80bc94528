/**
 * Runs tests on a mutant: the variable MUTANT is its edit, as JSON. Tests that import the sources get the changed ones, and
 * the others a Worker built from them.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import tests from "../../vitest.config.ts";
import { editedFiles, type SourceEdit } from "../support/source-edit.ts";

const ROOT = join(import.meta.dirname, "../..");
const edit: SourceEdit = JSON.parse(process.env.MUTANT ?? "");
const files = editedFiles(edit, (file) => readFileSync(join(ROOT, file), "utf8"));

const mutate: Plugin = {
  name: "mutate",
  enforce: "pre",
  transform: (_, id) => files.get(relative(ROOT, id).replaceAll("\\", "/")),
};

const projects = tests.test?.projects as readonly TestProjectInlineConfiguration[];

export default defineConfig({
  root: ROOT,
  test: {
    projects: projects.map((project) => {
      const { globalSetup, ...test } = project.test ?? {};
      // The cache knows a module by its file, whatever the mutant.
      const uncached = { ...test, fsModuleCache: false };
      return {
        ...project,
        plugins: [...(project.plugins ?? []), mutate],
        test: { ...uncached, ...(globalSetup && { globalSetup: ["test/support/build-mutant.ts"] }) },
      };
    }),
  },
});
