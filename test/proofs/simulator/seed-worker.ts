/** A child process that runs a range of seeds and sends back its progress and the summary. */
import { runSeeds, type SeedRange } from "./run-seeds.ts";

// Every aborted request creates an error, whose stack costs more than the abort. A single replayed seed keeps stacks.
Error.stackTraceLimit = 0;

process.once("message", async (range: SeedRange) => {
  const summary = await runSeeds(range, (seeds) => process.send?.(seeds));
  process.send?.(summary, () => process.disconnect());
});
