/**
 * `npm run soak -- --minutes N` (1): the soak at full speed, with a report. Flags: `--seed N`, `--clients N` per gateway.
 * Exits with 1 if a request was accepted or refused wrongly, a limit is not exact, an event is missing, or memory grows.
 */
import { parseArgs } from "node:util";
import { buildWorker } from "../../support/build-worker.ts";
import { slope } from "./process-stats.ts";
import { soak } from "./soak.ts";

const SHOWN = 20;
/** The first third is warm-up. In the rest, less growth than this, in MB per minute, is noise of the garbage collector. */
const GROWTH_MAX_MB_PER_MINUTE = 3;
const MINUTES_FOR_A_TREND = 5;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    clients: { type: "string", default: "12" },
  },
});
const minutes = Number(flags.minutes);
const seed = Number(flags.seed);
const clientsPerGateway = Number(flags.clients);
if (!(minutes > 0 && clientsPerGateway > 0 && Number.isInteger(seed))) {
  throw new Error("--minutes and --clients must be above 0, --seed an integer");
}

const { bundle, remove } = await buildWorker();
try {
  console.log(`${minutes} minutes, seed ${seed}`);
  const onProgress = ({ requests, violations }: { requests: number; violations: readonly string[] }) =>
    process.stderr.isTTY && process.stderr.write(`\r${requests} requests, ${violations.length} violations`);
  const report = await soak({
    bundle,
    durationMs: minutes * 60_000,
    seed,
    clientsPerGateway,
    pauseMs: 0,
    hasQuietMinutes: true,
    onProgress,
  });

  const { results, wrongEvents, events, messages, limits, faults, memoryMb, openFiles } = report;
  const settled = memoryMb.slice(Math.floor(memoryMb.length / 3));
  const growth = slope(settled) * 60;
  console.log(
    `\n${results.requests} requests: ${results.accepted} answered as expected, ${results.refused} refused,`,
  );
  console.log(
    `${results.excused} failed during a fault, ${results.late} later than a lease; ${results.violations.length} violations`,
  );
  console.log(
    `${events} changes acknowledged, ${messages} messages received; ${wrongEvents.length} events or messages wrong`,
  );
  console.log(
    `${limits.usedUp} limits used up in a window, ${limits.exact} of them in a window without faults`,
  );
  console.log(`faults: ${[...faults].map(([kind, count]) => `${count} × ${kind}`).join(", ")}`);
  const tenths = Array.from(
    { length: 10 },
    (_, i) => memoryMb[Math.floor((memoryMb.length * (i + 1)) / 10) - 1],
  );
  console.log(`memory of workerd in MB, after each tenth: ${tenths.map((mb) => mb?.toFixed(0)).join(" ")};`);
  console.log(`${growth.toFixed(2)} MB a minute in the last two thirds`);
  console.log(`open files of workerd: ${openFiles[0]} before, ${openFiles[1]} after`);
  for (const text of [...results.violations, ...wrongEvents].slice(0, SHOWN)) console.log(`  ${text}`);
  const grows = minutes >= MINUTES_FOR_A_TREND && growth > GROWTH_MAX_MB_PER_MINUTE;
  process.exitCode = results.violations.length + wrongEvents.length > 0 || grows ? 1 : 0;
} finally {
  await remove();
}
