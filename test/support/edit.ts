/**
 * One edit of a source file that breaks a rule on purpose, and its application to a text or to a copy of the sources.
 *
 * Guarantees that an edit whose text has moved or changed is an error: it would break nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `find` occurs exactly once in the file. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export function applyEdit(root: string, edit: Edit): void {
  const path = join(root, edit.file);
  writeFileSync(path, editedText(readFileSync(path, "utf8"), edit));
}

export function editedText(text: string, { file, find, replace }: Edit): string {
  const pieces = text.split(find);
  if (pieces.length !== 2) {
    throw new Error(`the text occurs ${pieces.length - 1} times in ${file}, not once:\n${find}`);
  }
  return pieces.join(replace);
}
