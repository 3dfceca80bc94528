/** A thread that runs a range of seeds and sends back what they add up to. */
import { parentPort, workerData } from "node:worker_threads";
import { runSeeds, type SeedRange } from "./run-seeds.ts";

// Each flight that is cut makes an error, whose stack costs more than the cut. A seed run alone has them.
Error.stackTraceLimit = 0;

parentPort?.postMessage(await runSeeds(workerData as SeedRange));
