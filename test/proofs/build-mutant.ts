/**
 * Builds the Worker with one rule broken, so that a test can show that it detects the change.
 */
import { type BuiltWorker, buildChangedWorker } from "../support/changed-worker.ts";
import { type Edit, editedText } from "./edit.ts";

/** Returns the path of the bundle, and a function that removes it. */
export function buildMutant(edit: Edit): Promise<BuiltWorker> {
  return buildChangedWorker({ [edit.file]: (text) => editedText(text, edit) });
}
