/** A rule broken on purpose: one or more edits of the sources. */
import type { Edit } from "../../support/edit.ts";

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** For a violation that few seeds show: where the run begins. 1 by default. */
  readonly firstSeed?: number;
}

export function mutant(name: string, file: string, find: string, replace: string): Mutant {
  return { name, edits: [{ file, find, replace }] };
}
