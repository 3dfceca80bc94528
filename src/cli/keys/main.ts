// Runs one command line of `npm run keys`. Never ends the process: the caller sets the exit code.

import { printError } from "./command-context.ts";
import { describeError, exitCodeOf, RefusedError } from "./errors.ts";
import { keysProgram } from "./program.ts";

/** Resolves to the exit code; rejects for an error that is a fault of ours. */
export async function main(args: readonly string[]): Promise<number> {
  const program = keysProgram();
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const exitCode = exitCodeOf(error);
    if (exitCode === null) throw error;
    if (error instanceof RefusedError && program.opts().json) {
      process.stdout.write(`${JSON.stringify(error.body)}\n`);
    }
    for (const line of describeError(error)) printError(line);
    return exitCode;
  }
}
