// Reads the text of a key for the commands that take one.
//
// Guarantees that the text comes from standard input and never from an argument, which other users and the shell's
// history can see, and that a key typed at a terminal is not shown.

import { UsageError } from "./errors.ts";
import { askForKey, isInteractive } from "./prompts.ts";
import { LINE_END, readStandardInput } from "./text-input.ts";

/** One key. The gateway removes quotes and `Bearer ` around it. */
export async function readKey(): Promise<string> {
  const text = isInteractive() ? await askForKey() : await readStandardInput();
  const lines = (text ?? "")
    .split(LINE_END)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const [key] = lines;
  if (key === undefined) throw new UsageError("no key on standard input; nothing was sent");
  if (lines.length > 1) {
    throw new UsageError(`${lines.length} lines on standard input instead of one key; nothing was sent`);
  }
  return key;
}
