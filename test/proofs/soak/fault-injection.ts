/** Injects random faults into a soak: lost and unanswered calls, restarts of ledgers, failing origins. */
import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "../../support/network.ts";
import { garbage, partialBody, resetConnection } from "../../support/origin-behaviours.ts";
import { ACCOUNTS, type SoakContext } from "./soak-context.ts";
import { respond } from "./traffic.ts";

const EVERY_MS = [1500, 4000] as const;
const LASTS_MS = [100, 1200] as const;

/** Injects one fault after another until the soak is over; returns their number by kind. */
export async function injectFaults(context: SoakContext): Promise<Map<string, number>> {
  const { random, results } = context;
  const count = new Map<string, number>();
  const kinds = {
    "ledger call": ledgerCall,
    "KV call": kvCall,
    "ledger restart": restart,
    origin: originFault,
  };
  while (!context.isOver()) {
    await pause(random.between(...EVERY_MS));
    const kind = random.pick(Object.keys(kinds) as (keyof typeof kinds)[]);
    results.faultStarted();
    await kinds[kind](context);
    results.faultEnded(performance.now());
    count.set(kind, (count.get(kind) ?? 0) + 1);
  }
  return count;
}

async function ledgerCall(context: SoakContext): Promise<void> {
  const how = context.random.pick(["fail-before", "fail-after", "hang-before", "hang-after"] as const);
  await withFault(context, {
    on: "ledger",
    how,
    caller: context.random.whole(0, context.cluster.gateways.length - 1),
  });
}

async function kvCall(context: SoakContext): Promise<void> {
  const how = context.random.pick(["fail-before", "fail-after"] as const);
  const caller = context.random.chance(0.5)
    ? "owner"
    : context.random.whole(0, context.cluster.gateways.length - 1);
  await withFault(context, { on: "kv", how, caller });
}

async function withFault({ cluster, random }: SoakContext, fault: Fault): Promise<void> {
  const lift = await cluster.network.fault(fault);
  await pause(random.between(...LASTS_MS));
  await lift();
}

async function restart({ cluster, random }: SoakContext): Promise<void> {
  await cluster.network.restartLedger(random.pick(ACCOUNTS));
}

async function originFault({ cluster, random }: SoakContext): Promise<void> {
  const origin = random.chance(0.5) ? cluster.live : cluster.sandbox;
  origin.respond = random.pick([
    resetConnection(),
    garbage(),
    partialBody("part of a body", "reset"),
    partialBody("part", "close"),
  ]);
  await pause(random.between(...LASTS_MS));
  origin.respond = respond;
}
