/**
 * npm run keys -- <command>
 *
 * The control plane from a terminal. Standard output has only the answer (with --json, one JSON document), standard
 * error has everything else, and the exit code tells the outcome (keys/errors.ts).
 */
import { main } from "./keys/main.ts";

// The reader may close the pipe early: `list | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main(process.argv.slice(2));
