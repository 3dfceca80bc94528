/**
 * Requests at the decisive moments: right after the key's end, and after the last fault.
 */
import { quickRequest } from "./scenario.ts";
import type { World } from "./world.ts";

/** So soon that no other event comes in between. */
const RIGHT_AFTER_MS = 0.01;

/** Right after the key's end: requests on every isolate, and answers from half of the pending origins. */
export function sendProbes({ time, random, isolates, pendingOrigins }: World): void {
  for (const arrive of pendingOrigins) if (random.chance(0.5)) time.after(RIGHT_AFTER_MS, arrive);
  for (const isolate of isolates) {
    for (const ms of [RIGHT_AFTER_MS, random.between(0, 100)]) {
      time.after(ms, () => isolate.arrive(quickRequest(time.now, "ending")));
    }
  }
}

/** Requests with the changing key: each that some restrictions forbid and others leave allowed. */
const KINDS = [
  { writes: true, outside: false },
  { writes: false, outside: true },
  { writes: false, outside: false },
] as const;

/** Right after a change of terms is in effect: requests of each kind on every isolate. */
export function probeTerms({ time, random, isolates, pendingOrigins }: World): void {
  for (const arrive of pendingOrigins) if (random.chance(0.3)) time.after(RIGHT_AFTER_MS, arrive);
  for (const isolate of isolates) {
    for (const { writes, outside } of KINDS)
      time.after(RIGHT_AFTER_MS, () => isolate.arrive(quickRequest(time.now, "changing", writes, outside)));
    time.after(RIGHT_AFTER_MS, () => isolate.arrive(quickRequest(time.now, "active")));
  }
}

/** Probes when a key expires, and both keys once all faults and their effects are over. */
export function scheduleProbes(world: World): void {
  const { time, scenario, isolates, disk, ledgerClock } = world;
  const expiresAt = disk.keys.get("ending")?.expires_at;
  if (typeof expiresAt === "number") {
    time.at(ledgerClock.trueTimeOf(expiresAt) + scenario.ledger.marginMs, () => sendProbes(world));
  }
  time.at(scenario.faultsEndAt + 2 * scenario.ledgerTimeoutMs, () => {
    for (const isolate of isolates) {
      // A client's requests come one after another.
      if (!scenario.client) isolate.arrive(quickRequest(time.now, "active"));
      isolate.arrive(quickRequest(time.now, "ending"));
      for (const { writes, outside } of KINDS)
        isolate.arrive(quickRequest(time.now, "changing", writes, outside));
    }
  });
}
