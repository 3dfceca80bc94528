/**
 * `npm run soak -- --minutes N` (1): the soak at full speed, and what came of it. Flags: `--seed N`, `--callers N`
 * per gateway. Ends with status 1 if a key was let through or refused wrongly, an event is missing, or memory grows.
 */
import { parseArgs } from "node:util";
import { buildWorker } from "../../support/build-worker.ts";
import { slope } from "./process-figures.ts";
import { soak } from "./soak.ts";

const SHOWN = 20;
/** The first third is warming up. What the rest may grow by, in MB a minute, is the noise of a garbage collector. */
const GROWTH_MAX_MB_PER_MINUTE = 3;
const MINUTES_FOR_A_TREND = 5;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    callers: { type: "string", default: "12" },
  },
});
const minutes = Number(flags.minutes);
const seed = Number(flags.seed);
const callersPerGateway = Number(flags.callers);
if (!(minutes > 0 && callersPerGateway > 0 && Number.isInteger(seed))) {
  throw new Error("--minutes and --callers take a number above 0, --seed a whole one");
}

const { bundle, remove } = await buildWorker();
try {
  console.log(`${minutes} minutes, seed ${seed}`);
  const onProgress = ({ requests, wrong }: { requests: number; wrong: readonly string[] }) =>
    process.stderr.isTTY && process.stderr.write(`\r${requests} requests, ${wrong.length} wrong`);
  const report = await soak({
    bundle,
    durationMs: minutes * 60_000,
    seed,
    callersPerGateway,
    pauseMs: 0,
    onProgress,
  });

  const { tally, lostEvents, events, faults, memoryMb, openFiles } = report;
  const settled = memoryMb.slice(Math.floor(memoryMb.length / 3));
  const growth = slope(settled) * 60;
  console.log(
    `\n${tally.requests} requests: ${tally.accepted} answered as they should be, ${tally.refused} refused,`,
  );
  console.log(`${tally.excused} failed while a fault was on; ${tally.wrong.length} wrong`);
  console.log(`${events} changes of keys acknowledged, ${lostEvents.length} without their event`);
  console.log(`faults: ${[...faults].map(([kind, count]) => `${count} × ${kind}`).join(", ")}`);
  const tenths = Array.from(
    { length: 10 },
    (_, i) => memoryMb[Math.floor((memoryMb.length * (i + 1)) / 10) - 1],
  );
  console.log(`memory of workerd, MB, after each tenth: ${tenths.map((mb) => mb?.toFixed(0)).join(" ")};`);
  console.log(`${growth.toFixed(2)} MB a minute in the last two thirds`);
  console.log(`open files of workerd: ${openFiles[0]} before, ${openFiles[1]} after`);
  for (const wrong of [...tally.wrong, ...lostEvents].slice(0, SHOWN)) console.log(`  ${wrong}`);
  const grows = minutes >= MINUTES_FOR_A_TREND && growth > GROWTH_MAX_MB_PER_MINUTE;
  process.exitCode = tally.wrong.length + lostEvents.length > 0 || grows ? 1 : 0;
} finally {
  await remove();
}
