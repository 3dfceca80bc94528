/** The faults of a soak, drawn at random: lost and silent calls, restarts of ledgers, origins that break off. */
import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "../../support/distance.ts";
import { garbage, partOf, resetAtOnce } from "../../support/origin-behaviours.ts";
import { respond } from "./traffic.ts";
import { ACCOUNTS, type World } from "./world.ts";

const EVERY_MS = [1500, 4000] as const;
const LASTS_MS = [100, 1200] as const;

/** One fault after another until the soak is over; how many there were of each kind. */
export async function putInFaults(world: World): Promise<Map<string, number>> {
  const { random, tally } = world;
  const count = new Map<string, number>();
  const kinds = {
    "ledger call": ledgerCall,
    "KV call": kvCall,
    "ledger restart": restart,
    origin: originBreaks,
  };
  while (!world.over()) {
    await pause(random.between(...EVERY_MS));
    const kind = random.pick(Object.keys(kinds) as (keyof typeof kinds)[]);
    tally.faultBegins();
    await kinds[kind](world);
    tally.faultEnds(performance.now());
    count.set(kind, (count.get(kind) ?? 0) + 1);
  }
  return count;
}

async function ledgerCall(world: World): Promise<void> {
  const how = world.random.pick(["fail-before", "fail-after", "hang-before", "hang-after"] as const);
  await during(world, {
    on: "ledger",
    how,
    caller: world.random.whole(0, world.cluster.gateways.length - 1),
  });
}

async function kvCall(world: World): Promise<void> {
  const how = world.random.pick(["fail-before", "fail-after"] as const);
  const caller = world.random.chance(0.5)
    ? "owner"
    : world.random.whole(0, world.cluster.gateways.length - 1);
  await during(world, { on: "kv", how, caller });
}

async function during({ cluster, random }: World, fault: Fault): Promise<void> {
  const lift = await cluster.distance.fault(fault);
  await pause(random.between(...LASTS_MS));
  await lift();
}

async function restart({ cluster, random }: World): Promise<void> {
  await cluster.distance.restartLedger(random.pick(ACCOUNTS));
}

async function originBreaks({ cluster, random }: World): Promise<void> {
  const origin = random.chance(0.5) ? cluster.live : cluster.sandbox;
  origin.respond = random.pick([
    resetAtOnce(),
    garbage(),
    partOf("part of a body", "reset"),
    partOf("part", "close"),
  ]);
  await pause(random.between(...LASTS_MS));
  origin.respond = respond;
}
