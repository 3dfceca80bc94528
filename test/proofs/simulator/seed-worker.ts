/** A process that runs a range of seeds and sends back what they add up to. */
import { runSeeds, type SeedRange } from "./run-seeds.ts";

// Each flight that is cut makes an error, whose stack costs more than the cut. A seed run alone has them.
Error.stackTraceLimit = 0;

process.once("message", async (range: SeedRange) => {
  process.send?.(await runSeeds(range), () => process.disconnect());
});
