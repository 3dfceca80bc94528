// Questions on the terminal.
//
// Guarantees that an operation that cannot be undone needs --yes or a "yes" typed at a terminal, and that a key typed
// at a terminal is not shown. Prompts are written to standard error, so that standard output has only the answer.

import input from "@inquirer/input";
import password from "@inquirer/password";
import { Option } from "commander";
import { UsageError } from "./errors.ts";

export function yesOption(): Option {
  return new Option("--yes", "do not ask for confirmation; required without a terminal");
}

/** To be called before any request is sent. */
export function requireConfirmation(yes: boolean | undefined): void {
  if (!yes && !isInteractive()) {
    throw new UsageError("this cannot be undone, and there is no terminal to confirm it on: add --yes");
  }
}

export function isInteractive(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/** Throws unless the answer is yes. */
export async function confirm(question: string): Promise<void> {
  process.stderr.write(`${question}\n`);
  const answer = await ask((context) => input({ message: "Type yes to continue:" }, context));
  if (answer?.trim().toLowerCase() !== "yes") throw new UsageError("not confirmed; nothing was done");
}

/** Resolves to null when the prompt is cancelled. */
export function askForKey(): Promise<string | null> {
  return ask((context) => password({ message: "Key (not shown):", toggleMask: false }, context));
}

type PromptContext = Parameters<typeof input>[1];

async function ask(prompt: (context: PromptContext) => Promise<string>): Promise<string | null> {
  const ended = new AbortController();
  // The library does not settle a prompt whose input ends (Ctrl-D): the process would exit in the middle.
  const abort = () => ended.abort();
  process.once("beforeExit", abort);
  try {
    return await prompt({ output: process.stderr, signal: ended.signal });
  } catch (error) {
    if (error instanceof Error && /^(?:Exit|Abort)PromptError$/.test(error.name)) return null;
    throw error;
  } finally {
    process.off("beforeExit", abort);
  }
}
