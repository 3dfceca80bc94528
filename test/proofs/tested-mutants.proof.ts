// A test that passes whatever the code does proves nothing: runs the tests that keep a promise on code that breaks it.
// `npm test` runs the same tests on the code as it is.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { FailedTests } from "./mutant-reporter.ts";
import { shareOf } from "./share.ts";
import { TESTED_MUTANTS, type TestedMutant } from "./tested-mutants.ts";

const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const CONFIG = "test/proofs/mutant.config.ts";
const REPORTER = "test/proofs/mutant-reporter.ts";
const TIME_LIMIT_MS = 600_000;

const MUTANTS = shareOf(TESTED_MUTANTS, TESTED_MUTANTS.length);

let failed: FailedTests;
beforeAll(async () => {
  failed = await failedTestsOf(MUTANTS);
}, TIME_LIMIT_MS);

test.for(MUTANTS)("a test fails when $name", (mutant) => {
  expect(failed[mutant.name]).toContainEqual(expect.stringContaining(mutant.test));
});

/** One run for all: starting vitest costs more than a test. */
async function failedTestsOf(mutants: readonly TestedMutant[]): Promise<FailedTests> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-tested-"));
  const results = join(directory, "results.json");
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith("VITEST"));
  const env = {
    ...Object.fromEntries(inherited),
    MUTANTS: JSON.stringify(mutants.map(({ name }) => name)),
    MUTANT_RESULTS: results,
  };
  try {
    await new Promise<void>((resolve) => {
      const run = [VITEST, "run", "--config", CONFIG, "--reporter", REPORTER];
      // It ends with an error when a test fails, which every mutant's should.
      execFile(process.execPath, run, { cwd: join(import.meta.dirname, "../.."), env }, () => resolve());
    });
    return JSON.parse(await readFile(results, "utf8"));
  } finally {
    await rm(directory, { recursive: true });
  }
}
