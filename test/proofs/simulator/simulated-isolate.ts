/**
 * One isolate of the gateway: its clock, its timers, its way to the ledger, and the leases it holds.
 *
 * The leases are the Worker's own code. Around them is the platform as it may behave within the fault budget:
 * timers fire late, the isolate stands still between a look at its lease and what follows, JavaScript takes
 * its time while the clock does not move, and a restart forgets everything.
 */
import { ensureValid } from "../../../src/gateway/ensure-valid.ts";
import type { InFlightTime } from "../../../src/gateway/in-flight-request.ts";
import { Lease } from "../../../src/leases/lease.ts";
import { LeaseClock } from "../../../src/leases/lease-clock.ts";
import type { LeaseAnswer, LeaseReport } from "../../../src/leases/protocol.ts";
import type { Refusal } from "../../../src/refusals.ts";
import type { RequestRecord } from "./history.ts";
import { attemptLease } from "./lease-attempt.ts";
import { Link } from "./network.ts";
import type { ClockFault, IsolatePlan, KeyName, RequestPlan } from "./scenario.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { serveRequest } from "./simulated-request.ts";
import type { World } from "./world.ts";

/** Background work of a request simply goes on. */
const CONTEXT = { waitUntil: () => {} };

const UNREACHABLE = new Error("the ledger cannot be reached");

/** What one life of the isolate holds; a restart begins another. */
interface Life {
  readonly clock: LeaseClock;
  readonly leases: Map<KeyName, Lease>;
  /** Those that the ledger has refused for good. */
  readonly refused: Set<Lease>;
  readonly open: Set<RequestRecord>;
}

export class SimulatedIsolate {
  readonly world: World;
  readonly number: number;
  readonly flightTime: InFlightTime;
  readonly #plan: IsolatePlan;
  readonly #clock: SimulatedClock;
  readonly #link: Link;
  #life: Life;
  #memory = 0;
  #holders = 0;
  #asksForPermits = false;
  #pausedUntil = 0;
  #nextPauseFrom = 0;

  constructor(world: World, number: number, plan: IsolatePlan) {
    const { time, random, scenario } = world;
    this.world = world;
    this.number = number;
    this.#plan = plan;
    this.#clock = new SimulatedClock(time, plan.rate, random.between(1e6, 2e6));
    this.#link = new Link(time, random, plan.distance, scenario.calmFrom);
    this.#life = this.#begin();
    const isolate = this;
    this.flightTime = {
      get clock() {
        return isolate.#life.clock;
      },
      schedule: (ms, task) => this.#timer(ms, task),
    };
    for (const request of plan.requests) time.at(request.at, () => this.arrive(request));
    for (const fault of plan.clockFaults) time.at(fault.at, () => this.#suffer(fault));
    const { cutOff, restartsAt, forgetsAt } = plan;
    if (cutOff) time.at(cutOff.at, () => this.#link.cut(cutOff.ms));
    if (restartsAt !== null) time.at(restartsAt, () => this.#restart());
    if (forgetsAt !== null) time.at(forgetsAt, () => this.#forget());
  }

  arrive(plan: RequestPlan): void {
    const { history, time, trace } = this.world;
    const life = this.#life;
    const request = history.open(this.number, this.#memory, plan, time.now);
    life.open.add(request);
    trace?.(`isolate ${this.number}: request ${request.number} arrives, key ${plan.key}`);
    const start = this.entry(() => {
      request.memory = this.#memory;
      void serveRequest(this, request).catch((error) => time.fail(error));
    });
    start();
  }

  /** Lets something from outside into the isolate's JavaScript, unless it has restarted since now. */
  entry(task: () => void): () => void {
    const life = this.#life;
    return () =>
      this.#whenAwake(() => {
        if (life !== this.#life) return;
        this.#maybePause();
        task();
      });
  }

  /** What a task does takes effect a little later: its JavaScript has to end first. */
  effect(task: () => void): void {
    const { time, random, scenario } = this.world;
    const life = this.#life;
    const { workMs } = scenario.budget;
    const ms = random.chance(scenario.fullDelayChance) ? workMs : Math.min(workMs, 2 * random.next());
    time.after(ms, () => this.#whenAwake(() => life === this.#life && task()));
  }

  close(request: RequestRecord): void {
    request.endedAt = this.world.time.now;
    this.#life.open.delete(request);
  }

  leaseOn(key: KeyName): Lease {
    const { leases, clock } = this.#life;
    const known = leases.get(key);
    if (known) return known;
    this.#holders += 1;
    const lease: Lease = new Lease(
      (report) => this.#askLedger(key, lease, report),
      clock,
      this.world.scenario.ledgerTimeoutMs,
      `isolate ${this.number}, holder ${this.#holders}`,
    );
    leases.set(key, lease);
    return lease;
  }

  /** `secureLease`, with an eye on what it costs. */
  secure(lease: Lease, beginsBody: boolean): Promise<Refusal | null> {
    const { history } = this.world;
    const wasDead = this.#life.refused.has(lease);
    const callsBefore = history.calls.length;
    const outcome = ensureValid(lease, beginsBody && lease.isNearExpiry(), CONTEXT);
    const asked = history.calls.length > callsBefore;
    if (wasDead && asked) {
      history.violations.push({ rule: "rule 10", what: "a key known to be dead cost a call to the ledger" });
    }
    return outcome;
  }

  /** Asks the ledger for permits, whether or not the lease is due. */
  askForPermits<Outcome>(ask: () => Promise<Outcome>): Promise<Outcome> {
    this.#asksForPermits = true;
    const asked = ask();
    this.#asksForPermits = false;
    return asked;
  }

  #begin(): Life {
    const clock = new LeaseClock(() => this.#clock.now());
    return { clock, leases: new Map(), refused: new Set(), open: new Set() };
  }

  /** Its keys fall out of the cache; requests in flight keep the leases they have. */
  #forget(): void {
    this.world.trace?.(`isolate ${this.number}: forgets its keys`);
    this.#memory += 1;
    this.#life.leases.clear();
  }

  /** Nobody answers the requests that were open; bodies break off. */
  #restart(): void {
    const { time, trace } = this.world;
    trace?.(`isolate ${this.number}: restarts`);
    for (const request of this.#life.open) {
      if (request.headersAt !== null) {
        request.lastByteAt = time.now;
        request.bodyComplete = false;
      }
      request.endedAt = time.now;
    }
    this.#memory += 1;
    this.#life = this.#begin();
  }

  /** Right after the task at hand, and before anything that it does takes effect. */
  #maybePause(): void {
    const { time, random, scenario, trace } = this.world;
    const { pauseMs } = scenario.budget;
    if (time.now < this.#nextPauseFrom || time.now >= scenario.calmFrom) return;
    if (!random.chance(this.#plan.pauseChance)) return;
    this.#pausedUntil = time.now + pauseMs;
    this.#nextPauseFrom = this.#pausedUntil + scenario.ledgerTimeoutMs;
    trace?.(`isolate ${this.number}: pauses for ${pauseMs.toFixed(1)} ms`);
  }

  #whenAwake(task: () => void): void {
    const { time } = this.world;
    if (time.now >= this.#pausedUntil) task();
    else time.at(this.#pausedUntil, () => this.#whenAwake(task));
  }

  #timer(ms: number, task: () => void): () => void {
    const { time, random, scenario } = this.world;
    const { timerLateMs } = scenario.budget;
    const lateMs = random.chance(scenario.fullDelayChance)
      ? timerLateMs
      : Math.min(timerLateMs, random.next());
    const timer = time.after(ms / this.#plan.rate + lateMs, this.entry(task));
    return () => {
      timer.task = null;
    };
  }

  /** As `callLedger` does it: a time limit, and a second attempt when the first one failed. */
  #askLedger(key: KeyName, lease: Lease, report: LeaseReport): Promise<LeaseAnswer> {
    const { history, time, scenario } = this.world;
    const call = { isolate: this.number, key, at: time.now };
    history.calls.push(call);
    history.granted.sent(report.holder, report.permits);
    if (lease.isValid() && !lease.isNearExpiry() && !this.#asksForPermits) history.renewals.push(call);
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (answer: LeaseAnswer | null) => {
        if (settled) return;
        settled = true;
        stopLimit();
        if (!answer) return reject(UNREACHABLE);
        if (!answer.granted) this.#life.refused.add(lease);
        history.heard.set(report.holder, (history.heard.get(report.holder) ?? 0) + 1);
        resolve(answer);
      };
      const stopLimit = this.#timer(scenario.ledgerTimeoutMs, () => settle(null));
      this.effect(() => attemptLease(this, this.#link, key, report, 1, settle));
    });
  }

  #suffer({ kind, ms }: ClockFault): void {
    const { scenario, trace, beyond } = this.world;
    const { clockLossMs } = scenario.budget;
    trace?.(
      `isolate ${this.number}: clock suffers ${kind} of ${(kind === "jump" ? ms : ms * clockLossMs).toFixed(1)} ms`,
    );
    if (kind === "freeze") this.#clock.freeze(ms * clockLossMs);
    if (kind === "step back") this.#clock.step(-ms * clockLossMs);
    if (kind === "jump") {
      // Requests all around read the clock, so that a jump back is seen before the clock has caught up.
      if (!beyond.unseenJumps) this.#life.clock.now();
      this.#clock.step(ms);
      if (!beyond.unseenJumps) this.#life.clock.now();
    }
  }
}
