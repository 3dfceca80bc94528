/**
 * Runs the tests of TESTED_MUTANTS, each on its mutant, in a project that has the mutant's name. Tests that import the
 * sources get the changed ones, and the others a Worker built from them.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import tests from "../../vitest.config.ts";
import { editedFiles } from "../support/source-edit.ts";
import { TESTED_MUTANTS, type TestedMutant } from "./tested-mutants.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The names of the mutants, as JSON. */
const SELECTED: readonly string[] = JSON.parse(process.env.MUTANTS ?? "");

const projects = tests.test?.projects as readonly TestProjectInlineConfiguration[];

/** A project that runs the mutant's file, with its own sources and its own built Worker. */
function projectOf(mutant: TestedMutant): TestProjectInlineConfiguration {
  const name = mutant.file.startsWith("test/workerd/") ? "workerd" : "node";
  const { plugins = [], test } = projects.find((project) => project.test?.name === name) ?? {};
  return {
    plugins: [...plugins, mutate(mutant)],
    test: {
      ...test,
      name: mutant.name,
      include: [mutant.file],
      // The cache knows a module by its file, whatever the mutant.
      fsModuleCache: false,
      ...(name === "node" && { globalSetup: ["test/proofs/build-mutant.ts"] }),
    },
  };
}

function mutate(mutant: TestedMutant): Plugin {
  const files = editedFiles(mutant, (file) => readFileSync(join(ROOT, file), "utf8"));
  return {
    name: "mutate",
    enforce: "pre",
    transform: (_, id) => files.get(relative(ROOT, id).replaceAll("\\", "/")),
  };
}

const selected = TESTED_MUTANTS.filter(({ name }) => SELECTED.includes(name));

export default defineConfig({
  root: ROOT,
  test: {
    projects: selected.map(projectOf),
    // A file may have tests of several mutants: the others say nothing about this one.
    testNamePattern: new RegExp(selected.map(({ test }) => asPattern(test)).join("|")),
    maxWorkers: 3,
  },
});

function asPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
