// Asks before what cannot be taken back.
//
// Guarantees that nothing goes on without --yes or a "yes" typed at a terminal: where there is nobody to ask,
// the command ends.

import { createInterface } from "node:readline/promises";
import { Option } from "commander";
import { UsageError } from "./errors.ts";

export function yesOption(): Option {
  return new Option("--yes", "do not ask; needed where there is no terminal to ask on");
}

/** To be called before any work is put into the question. */
export function requireSomebodyToAsk(yes: boolean | undefined): void {
  if (!yes && !process.stdin.isTTY) {
    throw new UsageError("this cannot be taken back and there is no terminal to ask on: add --yes");
  }
}

/** Throws unless the answer is yes. */
export async function confirm(question: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    // Ctrl-C and the end of the input are a no.
    terminal.once("close", () => resolve(""));
    terminal.question(`${question}\nType yes to go on: `).then(resolve, () => resolve(""));
  });
  terminal.close();
  if (answer.trim().toLowerCase() !== "yes") throw new UsageError("not confirmed; nothing was done");
}
