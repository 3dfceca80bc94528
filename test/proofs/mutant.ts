/** A rule broken on purpose, and the promise that it guards: a proof must detect it. */
import type { SourceEdit } from "../support/source-edit.ts";
import type { PromiseName } from "./promises.ts";

export interface Mutant extends SourceEdit {
  readonly promise: PromiseName;
  /** What is wrong, or the rule that is missing. */
  readonly name: string;
}
