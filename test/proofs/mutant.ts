/** A rule broken on purpose, and the promise that it guards: a proof must detect it. */
import type { SourceEdit } from "../support/source-edit.ts";
import type { PromiseName } from "./promises.ts";

export interface Mutant extends SourceEdit {
  readonly promise: PromiseName;
  /** What is wrong then. */
  readonly name: string;
  /** Further edits without which the mutant breaks nothing. */
  readonly also?: readonly SourceEdit[];
}

export function editsOf(mutant: SourceEdit & Pick<Mutant, "also">): readonly SourceEdit[] {
  return [mutant, ...(mutant.also ?? [])];
}
