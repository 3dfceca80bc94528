/** The tables of docs/performance.md about open streams and growth. Pure. */

import type { FullCache, Growth, IsolatesRow, OpenRequests, Results } from "./figures.ts";
import { tableOf } from "./markdown.ts";

export function growthTables({ openStreams, growth }: Results): string[] {
  return [
    ...(openStreams === undefined ? [] : [streams(openStreams)]),
    ...(growth.leaseMs === undefined ? [] : leases(growth.leaseMs)),
    ...(growth.isolates === undefined ? [] : isolateRows(growth.isolates)),
    ...(growth.inFlight === undefined ? [] : inFlightRows(growth.inFlight)),
    ...(growth.cache === undefined ? [] : [fullCache(growth.cache)]),
  ];
}

function streams(open: NonNullable<Results["openStreams"]>): string {
  const { bare, gateway } = open;
  if (bare === undefined || gateway === undefined) return "";
  return `With ${gateway.count.toLocaleString("en")} long streams open on which nothing arrives, the gateway's process grows by ${costOf(gateway)}; bare's process grows by ${costOf(bare)}.`;
}

function costOf({ grownMb, count, cpuMsPerSecond }: OpenRequests): string {
  return `${Math.round(grownMb)} MB (${kib(grownMb, count)} each) and spends ${cpuMsPerSecond.toFixed(1)} ms of CPU a second`;
}

function leases(rows: NonNullable<Growth["leaseMs"]>): string[] {
  return [
    "A lease at the ledger, by the number of the account's keys (accounts share nothing: each has a ledger of its own):",
    tableOf(
      ["keys of the account", "first lease", "renewal"],
      rows.map(({ keys, first, again }) => [keys.toLocaleString("en"), `${first} ms`, `${again} ms`]),
    ),
  ];
}

function isolateRows(rows: readonly IsolatesRow[]): string[] {
  return [
    "One key on many isolates, ten requests a second on each:",
    tableOf(
      ["isolates", "ledger calls per isolate and second", "p50", "p99"],
      rows.map(({ isolates, ledgerCallsPerIsolateSecond, p50Ms, p99Ms }) => [
        String(isolates),
        ledgerCallsPerIsolateSecond.toFixed(2),
        `${p50Ms.toFixed(1)} ms`,
        `${p99Ms.toFixed(1)} ms`,
      ]),
    ),
  ];
}

function inFlightRows({ bare = [], gateway = [] }: NonNullable<Growth["inFlight"]>): string[] {
  const memory = (open: OpenRequests | undefined) =>
    open ? `${Math.round(open.grownMb)} MB (${kib(open.grownMb, open.count)} each)` : "";
  const cpu = (open: OpenRequests | undefined) => (open ? `${open.cpuMsPerSecond.toFixed(1)} ms/s` : "");
  return [
    "Requests in flight that wait for the origin: how much the process grows, and the CPU that it spends while they wait:",
    tableOf(
      ["in flight", "bare", "gateway", "bare, CPU", "gateway, CPU"],
      gateway.map((ours, index) => {
        const theirs = bare[index];
        return [ours.count.toLocaleString("en"), memory(theirs), memory(ours), cpu(theirs), cpu(ours)];
      }),
    ),
  ];
}

function fullCache({ keys, bytesEach }: FullCache): string {
  return `With a full key cache (${keys.toLocaleString("en")} keys), an isolate's heap holds ${bytesEach} bytes for each key with its lease.`;
}

function kib(megabytes: number, count: number): string {
  return `${Math.round((megabytes * 1024) / count)} KiB`;
}
