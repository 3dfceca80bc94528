/**
 * A client of the control plane that revokes the key, schedules its end or changes the account's tier. It repeats the
 * call until it is answered, or gives up after the first attempt.
 */
import type { ScheduleWrite, TermsRecord, TierChange } from "./history.ts";
import type { LedgerRules } from "./ledger-rules.ts";
import { Link } from "./network.ts";
import { probeTerms, sendProbes } from "./probe-requests.ts";
import type { ControlCall } from "./scenario.ts";
import type { TimedEvent } from "./virtual-time.ts";
import type { World } from "./world.ts";

export class ControlCaller {
  readonly #world: World;
  readonly #plan: ControlCall;
  readonly #link: Link;
  readonly #requestedEnd: number | null;
  #answered = false;
  #nextCall: TimedEvent | null = null;

  constructor(world: World, plan: ControlCall) {
    const { time, random, scenario, ledgerClock } = world;
    const distance = { delayMs: 10, jitterMs: 40, lossChance: scenario.faultFree ? 0 : 0.1, slowChance: 0 };
    this.#world = world;
    this.#plan = plan;
    this.#link = new Link(time, random, distance, scenario.faultsEndAt);
    this.#requestedEnd = plan.aheadMs === null ? null : ledgerClock.now() + Math.floor(plan.aheadMs);
  }

  call(): void {
    const { time, scenario, ledger, history } = this.#world;
    const { method, persistent } = this.#plan;
    if (this.#answered) return;
    if (method === "revoke") history.firstRevokeSentAt = Math.min(history.firstRevokeSentAt, time.now);
    if (persistent) this.#nextCall = time.after(scenario.ledgerTimeoutMs, () => this.call());
    const run = {
      revoke: this.#revoke,
      schedule: this.#schedule,
      tier: this.#changeTier,
      terms: this.#changeTerms,
    }[method];
    const fail = () => this.#link.send(() => this.#callAgain());
    this.#link.send(() => ledger.deliver({ run, fail }, !persistent));
  }

  readonly #schedule = async (ledger: LedgerRules) => {
    const { time, scenario, ledgerClock, history, trace } = this.#world;
    const end = this.#requestedEnd;
    const schedule: ScheduleWrite = { writtenAt: time.now, answeredAt: Number.POSITIVE_INFINITY };
    history.schedules.push(schedule);
    const outcome = await ledger.scheduleRevocation("ending", end);
    trace?.(`ledger: end scheduled for ${end}: ${outcome}`);
    return () => {
      schedule.answeredAt = time.now;
      if (end !== null && outcome === "scheduled") {
        const endedAt = ledgerClock.trueTimeOf(end) + scenario.ledger.marginMs;
        time.at(Math.max(time.now, endedAt), () => sendProbes(this.#world));
      }
      this.#sendAnswer();
    };
  };

  readonly #changeTerms = async (ledger: LedgerRules) => {
    const { time, history, trace } = this.#world;
    const { change = "resume" } = this.#plan;
    const record: TermsRecord = { change, writtenAt: time.now, answeredAt: Number.POSITIVE_INFINITY };
    history.terms.push(record);
    trace?.(`ledger: ${change} called`);
    await ledger.changeTerms("changing", change);
    return () => {
      trace?.(`ledger: ${change} answered`);
      record.answeredAt = time.now;
      probeTerms(this.#world);
      this.#sendAnswer();
    };
  };

  readonly #changeTier = (ledger: LedgerRules) => {
    const { time, history, trace } = this.#world;
    const { limits = null } = this.#plan;
    ledger.setLimits(limits);
    trace?.(`ledger: limits set to ${JSON.stringify(limits)}`);
    const change: TierChange = { limits, writtenAt: time.now, confirmedAt: Number.POSITIVE_INFINITY };
    history.tiers.push(change);
    return () => {
      change.confirmedAt = time.now;
      this.#sendAnswer();
    };
  };

  readonly #revoke = async (ledger: LedgerRules) => {
    const { time, history, trace } = this.#world;
    const arrivedAt = time.now;
    const longestWaitMs = history.leases.longestWaitMs(time.now);
    trace?.("ledger: revoke called");
    const receipt = await ledger.revokeKey("ending");
    return () => {
      trace?.(`ledger: revoke answered: ${JSON.stringify(receipt)}`);
      history.revokeAnswers.push({ arrivedAt, longestWaitMs, leftAt: time.now, receipt });
      if (history.revokeAnswers.length === 1) this.#firstAnswer();
      this.#sendAnswer();
    };
  };

  #firstAnswer(): void {
    const { time, random, scenario, ledger } = this.#world;
    if (scenario.ledger.restartsAfterAnswer) time.after(0, () => ledger.restart(random.chance(0.3)));
    sendProbes(this.#world);
  }

  #sendAnswer(): void {
    this.#link.send(() => {
      this.#answered = true;
    });
  }

  #callAgain(): void {
    if (!this.#plan.persistent) return;
    if (this.#nextCall) this.#nextCall.task = null;
    this.call();
  }
}
