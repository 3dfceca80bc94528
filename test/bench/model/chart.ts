/** The model's chart in docs/performance.md: the cost of a million requests, and the share that waits, by a key's rate. Pure. */
import { drawLines } from "./draw-lines.ts";
import { LEASE_MS, leaseTraffic } from "./lease-traffic.ts";
import { type Cpu, type Load, predict, ROUND_TRIP_MS } from "./predict.ts";

/** Compared with an implementation from the documentation, for a cached key. */
export const COST_SHARE_TARGET = 0.45;

/** One key on ten isolates, at the same rate on each. */
export function warmKey(perKeyAndIsolate: number, limited: boolean): Load {
  return {
    requestsPerSecond: 10 * perKeyAndIsolate,
    keys: 1,
    keysPerAccount: 1,
    locations: 10,
    locationsPerKey: 10,
    isolatesPerLocation: 1,
    limited,
  };
}

export function costShare(perKeyAndIsolate: number, limited: boolean, cpu: Cpu): number {
  const { dollars, usualDollars } = predict(warmKey(perKeyAndIsolate, limited), cpu);
  return dollars / usualDollars;
}

export function chartOf(cpu: Cpu): string {
  return drawLines({
    title: "The gateway beside a KV read and a Durable Object call per request",
    axis: "requests a second with one key on one isolate",
    from: 0.01,
    to: 100,
    panels: [
      {
        title: "Cost of a million requests, as a share of usual (from above 2: cut off)",
        ticks: [0, 0.5, 1, 1.5, 2],
        show: (value) => value.toFixed(1),
        lines: [
          { name: "with rate limits", colour: "#e5534b", at: (x) => costShare(x, true, cpu) },
          { name: "without rate limits", colour: "#539bf5", at: (x) => costShare(x, false, cpu) },
        ],
        mark: { at: COST_SHARE_TARGET, name: `target ${COST_SHARE_TARGET}` },
      },
      {
        title: `Requests that wait for the ledger, ${ROUND_TRIP_MS} ms away (usual: all)`,
        ticks: [0, 0.25, 0.5, 0.75, 1],
        show: (value) => `${100 * value} %`,
        lines: [
          {
            name: "of a key that the isolate knows",
            colour: "#57ab5a",
            at: (x) => leaseTraffic(x, LEASE_MS, ROUND_TRIP_MS).waitingShare,
          },
        ],
      },
    ],
  });
}
