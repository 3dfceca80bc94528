/** A rule broken on purpose: one or more edits of the sources. */
import type { Edit } from "../edit.ts";

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

export function mutant(name: string, file: string, find: string, replace: string): Mutant {
  return { name, edits: [{ file, find, replace }] };
}
