/** Writes to the file MUTANT_RESULTS which tests have failed: JSON, the full names by the name of the mutant. */
import { writeFileSync } from "node:fs";
import type { Reporter, TestCase } from "vitest/node";

export type FailedTests = Readonly<Record<string, readonly string[]>>;

export default class MutantReporter implements Reporter {
  readonly #failed: Record<string, string[]> = {};

  onTestCaseResult(test: TestCase): void {
    if (test.result().state !== "failed") return;
    const { name } = test.project;
    this.#failed[name] = [...(this.#failed[name] ?? []), test.fullName];
  }

  onTestRunEnd(): void {
    writeFileSync(process.env.MUTANT_RESULTS ?? "", JSON.stringify(this.#failed satisfies FailedTests));
  }
}
