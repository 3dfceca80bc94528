// A test that passes whatever the code does proves nothing: runs the test that keeps a promise on code that breaks it.
// `npm test` runs the same test on the code as it is.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { shareOf } from "./share.ts";
import { TESTED_MUTANTS, type TestedMutant } from "./tested-mutants.ts";

const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const TIME_LIMIT_MS = 240_000;

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

test.for(shareOf(TESTED_MUTANTS, TESTED_MUTANTS.length))(
  "a test fails when $name",
  { timeout: TIME_LIMIT_MS },
  async (mutant) => {
    const failed = (await resultsOf(mutant)).filter(({ status }) => status === "failed");
    expect(failed.map(({ fullName }) => fullName)).toContainEqual(expect.stringContaining(mutant.test));
  },
);

/** Of the tests with its name, on the mutant. */
async function resultsOf({ in: file, find, kind, inside, given, replace, also, ...mutant }: TestedMutant) {
  const directory = await mkdtemp(join(tmpdir(), "octopost-tested-"));
  const output = join(directory, "report.json");
  const name = mutant.test.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const options = ["--config", "test/proofs/mutant.config.ts", "--reporter=json", `--outputFile=${output}`];
  const edit = JSON.stringify({ in: file, find, kind, inside, given, replace, also });
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith("VITEST"));
  try {
    await new Promise<void>((resolve) => {
      const run = [VITEST, "run", mutant.file, "-t", name, ...options];
      const env = { ...Object.fromEntries(inherited), MUTANT: edit };
      // It ends with an error when a test fails, which it should.
      execFile(process.execPath, run, { cwd: join(import.meta.dirname, "../.."), env }, () => resolve());
    });
    const { testResults } = JSON.parse(await readFile(output, "utf8")) as Report;
    return testResults.flatMap(({ assertionResults }) => assertionResults);
  } finally {
    await rm(directory, { recursive: true });
  }
}
