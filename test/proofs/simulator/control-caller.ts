/**
 * Somebody at the control plane who revokes the key, schedules its end or changes the account's tier: calls again until an answer comes back,
 * or gives up after the first call.
 */
import type { TierChange } from "./history.ts";
import type { LedgerRules } from "./ledger-rules.ts";
import { Link } from "./network.ts";
import { probe } from "./probes.ts";
import type { ControlCall } from "./scenario.ts";
import type { Happening } from "./virtual-time.ts";
import type { World } from "./world.ts";

export class ControlCaller {
  readonly #world: World;
  readonly #plan: ControlCall;
  readonly #link: Link;
  readonly #asked: number | null;
  #answered = false;
  #nextCall: Happening | null = null;

  constructor(world: World, plan: ControlCall) {
    const { time, random, scenario, ledgerClock } = world;
    const distance = { delayMs: 10, jitterMs: 40, lossChance: scenario.calm ? 0 : 0.1, slowChance: 0 };
    this.#world = world;
    this.#plan = plan;
    this.#link = new Link(time, random, distance, scenario.calmFrom);
    this.#asked = plan.aheadMs === null ? null : ledgerClock.now() + Math.floor(plan.aheadMs);
  }

  call(): void {
    const { time, scenario, ledger, history } = this.#world;
    const { method, persistent } = this.#plan;
    if (this.#answered) return;
    if (method === "revoke") history.firstRevokeSentAt = Math.min(history.firstRevokeSentAt, time.now);
    if (persistent) this.#nextCall = time.after(scenario.ledgerTimeoutMs, () => this.call());
    const run = { revoke: this.#revoke, schedule: this.#schedule, tier: this.#changeTier }[method];
    const fail = () => this.#link.send(() => this.#callAgain());
    this.#link.send(() => ledger.deliver({ run, fail }, !persistent));
  }

  readonly #schedule = (ledger: LedgerRules) => {
    const { time, scenario, ledgerClock, trace } = this.#world;
    const end = ledger.scheduleRevocation("doomed", this.#asked);
    trace?.(`ledger: the end is to be at ${this.#asked}: ${end}`);
    if (typeof end === "number") {
      time.at(ledgerClock.settlesAt(end) + scenario.ledger.marginMs, () => probe(this.#world));
    }
    return () => this.#answer();
  };

  readonly #changeTier = (ledger: LedgerRules) => {
    const { time, history, trace } = this.#world;
    const { limits = null } = this.#plan;
    ledger.setLimits(limits);
    trace?.(`ledger: the limits are to be ${JSON.stringify(limits)}`);
    const change: TierChange = { limits, writtenAt: time.now, confirmedAt: Number.POSITIVE_INFINITY };
    history.tiers.push(change);
    return () => {
      change.confirmedAt = time.now;
      this.#answer();
    };
  };

  readonly #revoke = async (ledger: LedgerRules) => {
    const { time, history, trace } = this.#world;
    const arrivedAt = time.now;
    const leasesEnd = history.leases.doomedEnd;
    trace?.("ledger: revoke is called");
    const receipt = await ledger.revokeKey("doomed");
    return () => {
      trace?.(`ledger: revoke is answered: ${JSON.stringify(receipt)}`);
      history.revokeAnswers.push({ arrivedAt, leasesEnd, leftAt: time.now, receipt });
      if (history.revokeAnswers.length === 1) this.#firstAnswer();
      this.#answer();
    };
  };

  #firstAnswer(): void {
    const { time, random, scenario, ledger } = this.#world;
    if (scenario.ledger.restartsAfterAnswer) time.after(0, () => ledger.restart(random.chance(0.3)));
    probe(this.#world);
  }

  #answer(): void {
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
