/** What the README says of open streams and of growth. Pure. */
import type { Growth, OpenRequests, Results } from "./figures.ts";
import { tableOf } from "./table.ts";

export function growthTables({ openStreams, growth }: Results): string[] {
  return [
    ...(openStreams === undefined ? [] : [streams(openStreams)]),
    ...(growth === undefined ? [] : all(growth)),
  ];
}

function streams(open: NonNullable<Results["openStreams"]>): string {
  const { bare, gateway } = open;
  if (bare === undefined || gateway === undefined) return "";
  return `${gateway.count.toLocaleString("en")} long streams that are open and watched, while nothing comes: the gateway's process grows by ${costOf(gateway)},
bare's by ${costOf(bare)}.`;
}

function costOf({ grownMb, count, cpuMsPerSecond }: OpenRequests): string {
  return `${Math.round(grownMb)} MB (${kib(grownMb, count)} each) and spends ${cpuMsPerSecond.toFixed(1)} ms of CPU a second`;
}

function all({ leaseMs, isolates, inFlight, cache }: Growth): string[] {
  const [bare, gateway] = [inFlight.bare ?? [], inFlight.gateway ?? []];
  return [
    "What a lease costs at the ledger, and whether it grows with the account's keys (accounts share nothing: each has a ledger of its own):",
    tableOf(
      ["keys of the account", "first lease", "again"],
      leaseMs.map(({ keys, first, again }) => [keys.toLocaleString("en"), `${first} ms`, `${again} ms`]),
    ),
    "One key on many isolates, each asked ten times a second:",
    tableOf(
      ["isolates", "ledger calls per isolate and second", "p50", "p99"],
      isolates.map((row) => [
        String(row.isolates),
        row.ledgerCallsPerIsolateSecond.toFixed(2),
        `${row.p50Ms.toFixed(1)} ms`,
        `${row.p99Ms.toFixed(1)} ms`,
      ]),
    ),
    "Requests in flight that wait for the origin: what the process grows by, and the CPU it spends while they wait:",
    tableOf(
      ["in flight", "bare", "gateway", "bare, CPU", "gateway, CPU"],
      gateway.map((ours, index) => {
        const theirs = bare[index];
        const memory = (open: OpenRequests | undefined) =>
          open ? `${Math.round(open.grownMb)} MB (${kib(open.grownMb, open.count)} each)` : "";
        const cpu = (open: OpenRequests | undefined) =>
          open ? `${open.cpuMsPerSecond.toFixed(1)} ms/s` : "";
        return [ours.count.toLocaleString("en"), memory(theirs), memory(ours), cpu(theirs), cpu(ours)];
      }),
    ),
    `With its memory of keys full (${cache.keys.toLocaleString("en")}), an isolate's heap holds ${cache.bytesEach} bytes for each entry with its lease.`,
  ];
}

function kib(megabytes: number, count: number): string {
  return `${Math.round((megabytes * 1024) / count)} KiB`;
}
