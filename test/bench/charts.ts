/** The charts beside the results; each shows one scenario's figures. Pure. */
import { type Bar, drawBars } from "./bar-chart.ts";
import { addedBy, type Ratio, type Results, ratioOf } from "./figures.ts";
import { pairsIn } from "./outside-pairs.ts";
import { OUTSIDE, SCENARIOS } from "./scenarios.ts";

const OURS = "#2f81f7";
const OTHERS = "#9a6fd0";
const WAITING = "#d29922";

export const CPU_CHART = "cpu.svg";
export const ADDED_CHART = "added.svg";
export const COLD_CHART = "cold-starts.svg";

/** By file name. */
export function chartsOf(results: Results): Record<string, string> {
  return { [CPU_CHART]: cpuChart(results), ...addedChart(results), ...coldChart(results) };
}

function cpuChart({ scenarios }: Results): string {
  const bars = SCENARIOS.flatMap(({ name, contestants: [limit = ""] }) => {
    const rounds = scenarios[name];
    return rounds ? [barOf(name, ratioOf(rounds, "gateway", limit, "cpuUs"), OURS)] : [];
  });
  return drawBars({
    title: "CPU per answer, the gateway and its baseline",
    axis: "times the CPU of a Worker that checks nothing, or only refuses",
    groups: [{ title: "", bars }],
    mark: { value: 1, name: "the limit" },
  });
}

function addedChart({ scenarios }: Results): Record<string, string> {
  const rounds = scenarios[OUTSIDE];
  if (rounds === undefined) return {};
  const bars = pairsIn(rounds).map((pair) =>
    barOf(
      pair.with,
      addedBy(rounds, pair.with, pair.without, "cpuUs"),
      pair.with === "gateway" ? OURS : OTHERS,
    ),
  );
  const chart = drawBars({
    title: "What the check adds to the same server without it",
    axis: "CPU per answer, µs",
    groups: [{ title: "", bars }],
  });
  return { [ADDED_CHART]: chart };
}

function coldChart({ coldStarts }: Results): Record<string, string> {
  if (coldStarts === undefined) return {};
  const groups = coldStarts.map(({ distanceMs, gatewayMs, usualMs }) => ({
    title: `${distanceMs} ms away`,
    bars: [
      { name: "gateway, first", value: gatewayMs[0], colour: WAITING },
      { name: "gateway, next", value: gatewayMs[1], colour: OURS },
      { name: "usual, first", value: usualMs[0], colour: WAITING },
      { name: "usual, next", value: usualMs[1], colour: OTHERS },
    ],
  }));
  const chart = drawBars({
    title: "The first request of a cold isolate with a new key, and the next one",
    axis: "ms until the answer; KV and the ledger that far away, there and back",
    groups,
  });
  return { [COLD_CHART]: chart };
}

function barOf(name: string, { median, low, high }: Ratio, colour: string): Bar {
  return { name, value: median, range: [low, high], colour };
}
