/**
 * Draws a run's plan from its seed. What is left to chance during the run is drawn from the same seed.
 */

import {
  type Demand,
  drawDemand,
  drawDemandMoments,
  drawLimits,
  drawTierChanges,
  ROOMY,
} from "./draw-limits.ts";
import {
  drawBusyRequests,
  drawLongerLeases,
  EAGER_LEASES_MS,
  type LongerLeases,
  leaseMaxOf,
} from "./draw-longer-leases.ts";
import { coveredMs, DRIFT, type FaultBudget, splitBudget } from "./fault-budget.ts";
import { Random } from "./random.ts";
import {
  type Beyond,
  type ClockFault,
  type ControlCall,
  type IsolatePlan,
  type KeyName,
  type LedgerPlan,
  MARGIN_MS,
  quickRequest,
  type RequestPlan,
  type Scenario,
} from "./scenario.ts";

/** Mostly the default; shorter and longer ones, down to the shortest that the settings allow. */
const LEASES_MS = [1000, 1000, 1000, 1000, 1000, 100, 200, 300, 3000] as const;

/** Several in a window; on good days so many that permits go from one isolate to another and back. */
const CROWDED_LEASES_MS = [300, 300, 1000, 1000, 100] as const;
const CALM_CROWDED_LEASES_MS = [200, 200, 200, 300, 1000, 100] as const;

export function drawScenario(seed: number, beyond: Beyond): Scenario {
  const random = new Random(seed);
  const calm = random.chance(0.2);
  const harsh = random.chance(0.3);
  const crowded = random.chance(calm ? 0.75 : 0.2);
  const eager = random.chance(crowded ? (calm ? 0.1 : 0.3) : 0.5);
  const crowdedLeasesMs = calm ? CALM_CROWDED_LEASES_MS : CROWDED_LEASES_MS;
  const leaseMs = random.pick(eager ? EAGER_LEASES_MS : crowded ? crowdedLeasesMs : LEASES_MS);
  const nextLeaseMs = !calm && random.chance(0.12) ? random.pick(LEASES_MS) : leaseMs;
  const longer = drawLongerLeases(eager, leaseMs, random);
  const lengths = [leaseMs, nextLeaseMs].flatMap((ms) => [ms, leaseMaxOf(ms, longer)]);
  const longestMs = Math.max(...lengths);
  const endsAt = longer.busy
    ? longer.busy.until + random.between(0.2, 1.2) * longestMs
    : random.between(300, 1500 + longestMs / 2);
  const calmFrom = endsAt + 2.5 * (longestMs + MARGIN_MS);

  const coverMs = coveredMs(longestMs, MARGIN_MS);
  const limits = drawLimits(crowded, random);
  const ledgerStartsAt = 1_000_000 + random.whole(0, 3000);
  const ledgerRate = drawRate(1 + DRIFT, harsh, random);
  const changes = crowded
    ? drawTierChanges(limits, calm ? 0.2 : 0.7, 3000, random)
    : drawTierChanges(limits, 0.2, calmFrom, random);
  const isScarce = changes.length > 0 || (limits.limits !== null && limits.limits.requests < ROOMY);
  const demand = crowded && isScarce ? drawDemand(limits, ledgerStartsAt, ledgerRate, random) : null;
  const shared = { calm, harsh, leaseMs, nextLeaseMs, longestMs, longer };
  const frame: Frame = { ...shared, endsAt, calmFrom, ledgerRate, demand };
  const isolates = Array.from({ length: random.whole(eager ? 3 : 1, 5) }, () => drawIsolate(frame, random));
  const fate = random.pick(["revoked", "revoked", "revoked", "scheduled", "expires"] as const);
  return {
    seed,
    calm,
    budget: withoutLoss(splitBudget(coverMs + beyond.budgetMs, random), calm),
    fullDelayChance: harsh ? 0.7 : 0.2,
    isolates: isolates.map((isolate) => ({ ...isolate, clockFaults: drawClockFaults(frame, random) })),
    ledger: drawLedger(frame, random),
    ledgerStartsAt,
    limits,
    controlCalls: [...drawControlCalls(frame, fate, random), ...changes],
    expiresAfterMs: fate === "expires" ? endsAt : null,
    ledgerTimeoutMs: 2000,
    originTimeoutMs: random.chance(0.1) ? random.between(500, 2000) : 30_000,
    calmFrom,
  };
}

/** What the parts of a scenario have in common. */
interface Frame {
  readonly calm: boolean;
  /** Every isolate's clock is slow and the ledger's is fast, as far as the margin covers. */
  readonly harsh: boolean;
  readonly leaseMs: number;
  readonly nextLeaseMs: number;
  readonly longestMs: number;
  readonly longer: LongerLeases;
  /** About when the key's end begins. */
  readonly endsAt: number;
  readonly calmFrom: number;
  readonly ledgerRate: number;
  readonly demand: Demand | null;
}

function withoutLoss(budget: FaultBudget, calm: boolean): FaultBudget {
  return calm ? { clockLossMs: 0, ledgerGainMs: 0, timerLateMs: 2, pauseMs: 0, workMs: 2 } : budget;
}

function drawRate(worst: number, harsh: boolean, random: Random): number {
  if (harsh) return worst;
  return random.pick([1 - DRIFT, 1, 1 + DRIFT, random.between(1 - DRIFT, 1 + DRIFT)]);
}

function drawIsolate(frame: Frame, random: Random): Omit<IsolatePlan, "clockFaults"> {
  const { calm, endsAt, longestMs, calmFrom } = frame;
  const fault = (chance: number) => !calm && random.chance(chance);
  const anyTime = () => random.between(0, calmFrom);
  const farthestMs = calm ? frame.leaseMs / random.pick([20, 200]) : random.pick([5, 50, 250]);
  return {
    rate: drawRate(1 - DRIFT, frame.harsh, random),
    distance: {
      delayMs: random.between(0, farthestMs),
      // In a crowd so much that an answer arrives when two later ones have.
      jitterMs: fault(frame.demand ? 0.3 : 0) ? 1000 : random.pick([0, 0.2, 1]) * farthestMs,
      lossChance: fault(0.3) ? random.between(0, 0.3) : 0,
      slowChance: fault(frame.demand ? 0.4 : 0.2) ? 0.05 : 0,
    },
    requests: [
      ...drawRequests(endsAt, longestMs, random),
      ...drawCrowd(frame.demand, random),
      ...drawBusyRequests(frame.longer, frame.leaseMs, endsAt + longestMs / 2, random),
    ],
    pauseChance: fault(0.5) ? 0.05 : 0,
    cutOff: fault(0.2) ? { at: endsAt + random.between(-longestMs, longestMs), ms: longestMs } : null,
    restartsAt: fault(0.1) ? anyTime() : null,
    forgetsAt: fault(0.1) ? anyTime() : null,
  };
}

function drawRequests(endsAt: number, longestMs: number, random: Random): RequestPlan[] {
  const until = endsAt + 1.3 * longestMs;
  const moments = Array.from({ length: random.whole(2, 8) }, () => random.between(0, until));
  if (random.chance(0.2)) {
    const everyMs = random.between(20, 60);
    const from = Math.max(0, endsAt - longestMs / 2);
    for (let count = 0; count < 12; count++) moments.push(from + count * everyMs);
  }
  const onGoodKey = random.pick([0, 0.3]);
  return moments.map((at) =>
    drawRequest(at, random.chance(onGoodKey) ? "good" : "doomed", longestMs, random),
  );
}

function drawRequest(at: number, key: KeyName, longestMs: number, random: Random): RequestPlan {
  const kind = random.pick(["quick", "quick", "waiting", "streaming"] as const);
  const longMs = () => random.between(50, 2.5 * longestMs);
  return {
    at,
    key,
    bucket: random.chance(0.15) ? "publish" : "requests",
    originFails: random.chance(0.04),
    originMs: kind === "waiting" ? longMs() : random.between(1, 40),
    bodyMs: kind === "streaming" || random.chance(0.1) ? longMs() : 0,
    bytesEveryMs: random.between(1, 5),
    clientGoneAfterMs: random.chance(0.05) ? random.between(0, longestMs) : null,
  };
}

function drawCrowd(demand: Demand | null, random: Random): RequestPlan[] {
  if (!demand) return [];
  return drawDemandMoments(demand, random).map(({ at, bucket }) => ({
    ...quickRequest(at, demand.key),
    bucket,
    originMs: random.between(1, 40),
    originFails: random.chance(0.04),
  }));
}

/** Faults that eat into the margin come once, so that no lease sees two; jumps come at any time. */
function drawClockFaults(frame: Frame, random: Random): ClockFault[] {
  const faults: ClockFault[] = [];
  if (frame.calm) return faults;
  const nearTheEnd = () => frame.endsAt + random.between(-1, 1) * frame.longestMs;
  if (random.chance(0.5)) {
    faults.push({
      at: nearTheEnd(),
      kind: random.pick(["freeze", "step back"]),
      ms: random.pick([1, random.next()]),
    });
  }
  if (random.chance(0.3)) {
    const ms = random.between(21, 2 * frame.longestMs);
    faults.push({ at: nearTheEnd(), kind: "jump", ms: random.chance(0.7) ? -ms : ms });
  }
  return faults;
}

function drawLedger(frame: Frame, random: Random): LedgerPlan {
  const { calm, ledgerRate, leaseMs, nextLeaseMs, longestMs, longer, endsAt, calmFrom } = frame;
  const fault = (chance: number) => !calm && random.chance(chance);
  const beforeTheEnd = () => endsAt - random.between(0, 1) * longestMs;
  return {
    rate: ledgerRate,
    leaseMs,
    leaseMaxMs: leaseMaxOf(leaseMs, longer),
    grantsPerSecondMax: longer.grantsPerSecondMax,
    marginMs: MARGIN_MS,
    confirmMs: calm ? 2 : random.pick([2, 20, 200]),
    startMs: random.pick([0, 20, 400]),
    restartChance: fault(0.4) ? random.pick([0.01, 0.1, 0.3]) : 0,
    restartsMax: 6,
    restartsAt: fault(0.3) ? [beforeTheEnd()] : [],
    restartsAfterAnswer: fault(0.3),
    clockStepMs: fault(0.5) ? random.pick([5, 3000]) : 0,
    gainsAt: fault(0.5) ? beforeTheEnd() : null,
    deploy:
      nextLeaseMs === leaseMs
        ? null
        : { at: beforeTheEnd(), leaseMs: nextLeaseMs, leaseMaxMs: leaseMaxOf(nextLeaseMs, longer) },
    calmFrom,
  };
}

function drawControlCalls(
  frame: Frame,
  fate: "revoked" | "scheduled" | "expires",
  random: Random,
): ControlCall[] {
  const { endsAt, longestMs } = frame;
  const calls: ControlCall[] = [];
  if (fate === "scheduled") {
    const at = endsAt - random.between(0, endsAt);
    calls.push({ at, method: "schedule", aheadMs: random.between(0, 1.5 * longestMs), persistent: true });
    if (random.chance(0.3)) {
      const aheadMs = random.chance(0.5) ? null : random.between(0, longestMs);
      calls.push({ at: at + random.between(0, longestMs), method: "schedule", aheadMs, persistent: true });
    }
  }
  const revokes = fate === "revoked" || random.chance(0.5) ? random.pick([1, 1, 2, 3]) : 0;
  for (let count = 0; count < revokes; count++) {
    const at = endsAt + (count === 0 ? 0 : random.between(0, 1.5 * longestMs));
    calls.push({ at, method: "revoke", aheadMs: null, persistent: count === 0 || random.chance(0.5) });
  }
  return calls;
}
