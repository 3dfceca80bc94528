/** Injects random faults into a soak: lost and unanswered calls, restarts of ledgers, failing origins, a failing receiver. */
import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "../../support/network.ts";
import { garbage, partialBody, resetConnection } from "../../support/origin-behaviours.ts";
import type { ReceivedMessage, Respond } from "../../support/webhook-receiver.ts";
import { mayHaveFaults } from "./quiet-minutes.ts";
import { ACCOUNT_NAMES, type SoakContext } from "./soak-context.ts";
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
    if (context.hasQuietMinutes && !mayHaveFaults(Date.now())) continue;
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
  await cluster.network.restartLedger(random.pick(ACCOUNT_NAMES));
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

/**
 * The receiver refuses, resets or leaves unanswered the first attempt of some messages: the second one follows after
 * seconds, a third one only after minutes.
 */
export function failingReceiver({ random }: SoakContext): Respond {
  const seen = new Set<string>();
  return (response, { id }: ReceivedMessage) => {
    const isFirst = !seen.has(id);
    seen.add(id);
    if (!isFirst || random.chance(0.85)) return void response.writeHead(204).end();
    const how = random.next();
    if (how < 0.6) return void response.writeHead(random.pick([302, 410, 429, 500, 503])).end();
    if (how < 0.9) return void response.destroy();
    // Never answered: the ledger gives up waiting.
  };
}
