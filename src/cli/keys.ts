/**
 * npm run keys -- <command>
 *
 * The control plane from a terminal. Standard output has only the answer (with --json, one JSON document), standard
 * error has everything else, and the exit code tells the outcome (keys/errors.ts).
 */
import { printError } from "./keys/command-context.ts";
import { describeError, exitCodeOf, RefusedError } from "./keys/errors.ts";
import { keysProgram } from "./keys/program.ts";

const program = keysProgram();

// The reader may close the pipe early: `list | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  const exitCode = exitCodeOf(error);
  if (exitCode === null) throw error;
  process.exitCode = exitCode;
  if (error instanceof RefusedError && program.opts().json) {
    process.stdout.write(`${JSON.stringify(error.body)}\n`);
  }
  for (const line of describeError(error)) printError(line);
}
