/**
 * Generates a run's scenario from its seed. Random choices during the run come from the same seed.
 */

import { coveredMs, DRIFT, type FaultBudget, splitBudget } from "./fault-budget.ts";
import { generateEnds } from "./generate-ends.ts";
import {
  AMPLE_LIMIT,
  type Demand,
  generateClient,
  generateDemand,
  generateLimits,
  generateTierChanges,
} from "./generate-limits.ts";
import { generateDemandRequests, generateRequests } from "./generate-requests.ts";
import {
  generateBusyRequests,
  generateStretching,
  leaseMaxOf,
  STRETCHING_LEASES_MS,
  type Stretching,
} from "./generate-stretched-leases.ts";
import { generateChangingRequests, generateTermsChanges } from "./generate-terms.ts";
import { Random } from "./random.ts";
import {
  type ClockFault,
  type ControlCall,
  type ExcessFaults,
  type IsolatePlan,
  type LedgerPlan,
  MARGIN_MS,
  type Scenario,
  type SequentialClient,
} from "./scenario.ts";

/** Mostly the default; shorter and longer ones, down to the shortest that the settings allow. */
const LEASES_MS = [1000, 1000, 1000, 1000, 1000, 100, 200, 300, 3000] as const;

/** Several leases in a window; without faults so many that permits move between isolates and back. */
const CONTENDED_LEASES_MS = [300, 300, 1000, 1000, 100] as const;
const FAULT_FREE_CONTENDED_LEASES_MS = [200, 200, 200, 300, 1000, 100] as const;

/** How far the ledger's clock may step between a lease and a revocation. */
const STEP_MAX_MS = 2000;

/** Above what a ledger stalls that does long work in chunks. */
const STALL_MAX_MS = 60;

export function generateScenario(seed: number, excess: ExcessFaults): Scenario {
  const random = new Random(seed);
  const faultFree = random.chance(0.2);
  const extremeDrift = random.chance(0.3);
  const contended = random.chance(faultFree ? 0.75 : 0.2);
  const stretchesLeases = random.chance(contended ? (faultFree ? 0.1 : 0.3) : 0.5);
  const contendedLeasesMs = faultFree ? FAULT_FREE_CONTENDED_LEASES_MS : CONTENDED_LEASES_MS;
  const leaseMs = random.pick(
    stretchesLeases ? STRETCHING_LEASES_MS : contended ? contendedLeasesMs : LEASES_MS,
  );
  const nextLeaseMs = !faultFree && random.chance(0.12) ? random.pick(LEASES_MS) : leaseMs;
  const stretching = generateStretching(stretchesLeases, leaseMs, random);
  const lengths = [leaseMs, nextLeaseMs].flatMap((ms) => [ms, leaseMaxOf(ms, stretching)]);
  const longestMs = Math.max(...lengths);
  const endsAt = stretching.busy
    ? stretching.busy.until + random.between(0.2, 1.2) * longestMs
    : random.between(300, 1500 + longestMs / 2);
  const faultsEndAt = endsAt + 2.5 * (longestMs + MARGIN_MS);

  const coverMs = coveredMs(longestMs, MARGIN_MS);
  const limits = generateLimits(contended, random);
  // Within three seconds an hour ends, and with it a window of any length.
  const ledgerStartsAt = 300 * 3_600_000 - random.whole(1, 3000);
  const ledgerRate = randomRate(1 + DRIFT, extremeDrift, random);
  const changes = contended
    ? generateTierChanges(limits, faultFree ? 0.2 : 0.7, 3000, random)
    : generateTierChanges(limits, 0.2, faultsEndAt, random);
  const isScarce = changes.length > 0 || (limits.limits !== null && limits.limits.requests < AMPLE_LIMIT);
  const client =
    contended && faultFree && !stretchesLeases && random.chance(0.5) ? generateClient(random) : null;
  const demand =
    contended && isScarce && !client ? generateDemand(limits, ledgerStartsAt, ledgerRate, random) : null;
  const termsChanges = generateTermsChanges(
    client ? 0 : contended ? 0.3 : 0.4,
    faultFree,
    endsAt + 1.2 * longestMs,
    random,
  );
  const basics = { faultFree, extremeDrift, leaseMs, nextLeaseMs, longestMs, stretching };
  const shared: SharedValues = { ...basics, endsAt, faultsEndAt, ledgerRate, demand, client, termsChanges };
  const isolates = Array.from({ length: random.whole(stretchesLeases ? 3 : 1, 5) }, () =>
    generateIsolate(shared, random),
  );
  const howKeyEnds = random.pick(["revoked", "revoked", "revoked", "scheduled", "expires"] as const);
  return {
    seed,
    faultFree,
    budget: withoutLoss(splitBudget(coverMs + excess.budgetMs, random), faultFree),
    fullDelayChance: extremeDrift ? 0.7 : 0.2,
    isolates: isolates.map((isolate) => ({ ...isolate, clockFaults: generateClockFaults(shared, random) })),
    ledger: generateLedger(shared, random),
    ledgerStartsAt,
    limits,
    client,
    controlCalls: [...generateEnds(shared, howKeyEnds, random), ...changes, ...termsChanges],
    expiresAfterMs: howKeyEnds === "expires" ? endsAt : null,
    ledgerTimeoutMs: 2000,
    originTimeoutMs: random.chance(0.1) ? random.between(500, 2000) : 30_000,
    faultsEndAt,
  };
}

/** Values that all parts of a scenario share. */
interface SharedValues {
  readonly faultFree: boolean;
  /** Every isolate's clock is slow and the ledger's is fast, by the maximum that the margin covers. */
  readonly extremeDrift: boolean;
  readonly leaseMs: number;
  readonly nextLeaseMs: number;
  readonly longestMs: number;
  readonly stretching: Stretching;
  /** Roughly when the key's end begins. */
  readonly endsAt: number;
  readonly faultsEndAt: number;
  readonly ledgerRate: number;
  readonly demand: Demand | null;
  readonly client: SequentialClient | null;
  readonly termsChanges: readonly ControlCall[];
}

function withoutLoss(budget: FaultBudget, faultFree: boolean): FaultBudget {
  return faultFree ? { clockLossMs: 0, ledgerGainMs: 0, timerLateMs: 2, pauseMs: 0, workMs: 2 } : budget;
}

function randomRate(worst: number, extremeDrift: boolean, random: Random): number {
  if (extremeDrift) return worst;
  return random.pick([1 - DRIFT, 1, 1 + DRIFT, random.between(1 - DRIFT, 1 + DRIFT)]);
}

function generateIsolate(shared: SharedValues, random: Random): Omit<IsolatePlan, "clockFaults"> {
  const { faultFree, endsAt, longestMs, faultsEndAt } = shared;
  const fault = (chance: number) => !faultFree && random.chance(chance);
  const anyTime = () => random.between(0, faultsEndAt);
  const maxDelayMs = faultFree ? shared.leaseMs / random.pick([20, 200]) : random.pick([5, 50, 250]);
  return {
    rate: randomRate(1 - DRIFT, shared.extremeDrift, random),
    distance: {
      delayMs: random.between(0, maxDelayMs),
      // Under contention the jitter is long enough for an answer to be overtaken by two later ones.
      jitterMs: fault(shared.demand ? 0.3 : 0) ? 1000 : random.pick([0, 0.2, 1]) * maxDelayMs,
      lossChance: fault(0.3) ? random.between(0, 0.3) : 0,
      slowChance: fault(shared.demand ? 0.4 : 0.2) ? 0.05 : 0,
    },
    requests: [
      ...(shared.client ? [] : generateRequests(endsAt, longestMs, random)),
      ...generateDemandRequests(shared.demand, random),
      ...generateChangingRequests(shared.termsChanges, longestMs, random),
      ...generateBusyRequests(shared.stretching, shared.leaseMs, endsAt + longestMs / 2, random),
    ],
    pauseChance: fault(0.5) ? 0.05 : 0,
    cutOff: fault(0.2) ? { at: endsAt + random.between(-longestMs, longestMs), ms: longestMs } : null,
    stall: fault(0.3)
      ? { at: endsAt + random.between(-2, 1) * longestMs, ms: random.between(0, 2 * longestMs) }
      : null,
    restartsAt: fault(0.1) || (shared.client && random.chance(0.15)) ? anyTime() : null,
    forgetsAt: fault(0.1) ? anyTime() : null,
  };
}

/** Faults that consume the margin occur once, so that no lease sees two; jumps occur at any time. */
function generateClockFaults(shared: SharedValues, random: Random): ClockFault[] {
  const faults: ClockFault[] = [];
  if (shared.faultFree) return faults;
  const nearTheEnd = () => shared.endsAt + random.between(-1, 1) * shared.longestMs;
  if (random.chance(0.5)) {
    faults.push({
      at: nearTheEnd(),
      kind: random.pick(["freeze", "step back"]),
      ms: random.pick([1, random.next()]),
    });
  }
  if (random.chance(0.3)) {
    const ms = random.between(21, 2 * shared.longestMs);
    faults.push({ at: nearTheEnd(), kind: "jump", ms: random.chance(0.7) ? -ms : ms });
  }
  return faults;
}

function generateLedger(shared: SharedValues, random: Random): LedgerPlan {
  const { faultFree, ledgerRate, leaseMs, nextLeaseMs, longestMs, stretching, endsAt, faultsEndAt } = shared;
  const fault = (chance: number) => !faultFree && random.chance(chance);
  const beforeTheEnd = () => endsAt - random.between(0, 1) * longestMs;
  const aroundTheEnd = () => endsAt + random.between(-1, 1.2) * longestMs;
  return {
    rate: ledgerRate,
    leaseMs,
    leaseMaxMs: leaseMaxOf(leaseMs, stretching),
    grantsPerSecondMax: stretching.grantsPerSecondMax,
    marginMs: MARGIN_MS,
    confirmMs: faultFree ? 2 : random.pick([2, 20, 200]),
    startMs: random.pick([0, 20, 400]),
    restartChance: fault(0.4) ? random.pick([0.01, 0.1, 0.3]) : 0,
    restartsMax: 6,
    restartsAt: fault(0.3) ? [beforeTheEnd()] : [],
    restartsAfterAnswer: fault(0.3),
    clockStepMs: fault(0.5) ? random.pick([5, 3000]) : 0,
    clockStepsAheadAt: fault(0.5) ? beforeTheEnd() : null,
    clockStep: fault(0.3) ? { at: aroundTheEnd(), ms: random.between(-1, 1) * STEP_MAX_MS } : null,
    stall: fault(0.3) ? { at: aroundTheEnd(), ms: random.between(0, STALL_MAX_MS) } : null,
    deploy:
      nextLeaseMs === leaseMs
        ? null
        : { at: beforeTheEnd(), leaseMs: nextLeaseMs, leaseMaxMs: leaseMaxOf(nextLeaseMs, stretching) },
    faultsEndAt,
  };
}
