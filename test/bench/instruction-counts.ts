/** Instruction counts: the table of a run, and its comparison with the stored counts. Pure. */
import { tableOf } from "./markdown.ts";

/** Thousands of instructions, by the name of the answer. */
export type Counts = Readonly<Record<string, number>>;

/** By contestant. */
export type InstructionCounts = Readonly<Record<string, Counts>>;

/** Counts of the same code differ by up to 6 %, mostly by garbage collection: a warning is worth a second count. */
const WARN_ABOVE = 1.05;

const BASELINES = ["bare", "refusing", "usual"];

export function countTable(counts: InstructionCounts, stored: InstructionCounts): string {
  const names = Object.keys(counts.gateway ?? {});
  const rows = names.map((name) => {
    const gateway = counts.gateway?.[name] ?? Number.NaN;
    const baseline = BASELINES.find((each) => counts[each]?.[name] !== undefined) ?? "";
    const against = counts[baseline]?.[name];
    const floor = counts.floor?.[name];
    const before = stored.gateway?.[name];
    return [
      name,
      String(gateway),
      before === undefined ? "" : String(before),
      against === undefined ? "" : `${baseline} ${against}`,
      against === undefined ? "" : `${(gateway / against).toFixed(2)} ×`,
      floor === undefined ? "" : String(floor),
      floor === undefined ? "" : `${(gateway / floor).toFixed(2)} ×`,
    ];
  });
  return tableOf(
    [
      "thousand instructions for each answer",
      "gateway",
      "stored",
      "baseline",
      "against it",
      "floor",
      "against it",
    ],
    rows,
  );
}

/** One for each count that is more than 5 % above the stored one. */
export function warningsOf(counts: Counts, stored: Counts): string[] {
  return Object.entries(counts).flatMap(([name, count]) => {
    const before = stored[name];
    if (before === undefined || count <= before * WARN_ABOVE) return [];
    const percent = Math.round((count / before - 1) * 100);
    return [
      `instructions for each answer, ${name}: ${count} thousand, ${percent} % more than the stored ${before}`,
    ];
  });
}
