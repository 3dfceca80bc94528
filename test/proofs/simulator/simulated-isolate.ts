/**
 * One isolate of the gateway: its clock, timers, network link and leases.
 *
 * The leases are the Worker's own code. The platform around them behaves badly within the fault budget: timers
 * fire late, the isolate pauses between a check of its lease and the effect, JavaScript runs for a while with a
 * frozen clock, and a restart clears all state.
 */
import type { Schedule } from "../../../src/keys/time-limit.ts";
import { Lease } from "../../../src/leases/lease.ts";
import { LeaseClock } from "../../../src/leases/lease-clock.ts";
import { type LeaseAnswer, type LeaseReport, PERMANENT_REFUSALS } from "../../../src/leases/protocol.ts";
import type { Refusal } from "../../../src/refusals.ts";
import type { RequestRecord } from "./history.ts";
import { attemptLease } from "./lease-attempt.ts";
import { Link } from "./network.ts";
import type { ClockFault, IsolatePlan, KeyName, RequestPlan } from "./scenario.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { clampToTimers, isGone, newContext, type SimulatedContext } from "./simulated-context.ts";
import { serveRequest } from "./simulated-request.ts";
import type { World } from "./world.ts";

/** Overdue timers run after the other events of a stall, and bytes leave after that. */
const OVERDUE_TIMERS_MS = 0.001;
const SENDS_AGAIN_MS = 0.1;

const UNREACHABLE = new Error("the ledger cannot be reached");

/** State of one instance of the isolate; a restart creates a new instance. */
interface IsolateState {
  readonly clock: LeaseClock;
  readonly leases: Map<KeyName, Lease>;
  /** Leases that the ledger has refused permanently. */
  readonly refused: Set<Lease>;
  readonly open: Set<RequestRecord>;
}

export class SimulatedIsolate {
  readonly world: World;
  readonly number: number;
  readonly #plan: IsolatePlan;
  readonly #clock: SimulatedClock;
  readonly #link: Link;
  #state: IsolateState;
  #cacheGeneration = 0;
  #holderCount = 0;
  /** Timers of requests that watch unused permits: a call on one of these returns them. */
  readonly #watches = new WeakSet<Schedule>();
  #requestingPermits = false;
  #pausedUntil = 0;
  #stall = { from: 0, until: 0 };
  #nextPauseFrom = 0;
  #stepsBack = 0;

  constructor(world: World, number: number, plan: IsolatePlan) {
    const { time, random, scenario } = world;
    this.world = world;
    this.number = number;
    this.#plan = plan;
    this.#clock = new SimulatedClock(time, plan.rate, random.between(1e6, 2e6));
    this.#link = new Link(time, random, plan.distance, scenario.faultsEndAt);
    this.#state = this.#newState();
    for (const request of plan.requests) time.at(request.at, () => this.arrive(request));
    for (const fault of plan.clockFaults) time.at(fault.at, () => this.#injectClockFault(fault));
    const { cutOff, stall, restartsAt, forgetsAt } = plan;
    if (stall) time.at(stall.at, () => this.#suspend(stall.ms));
    if (cutOff) time.at(cutOff.at, () => this.#link.cut(cutOff.ms));
    if (restartsAt !== null) time.at(restartsAt, () => this.#restart());
    if (forgetsAt !== null) time.at(forgetsAt, () => this.#forget());
  }

  /** Steps back that its lease clock has found, beyond those that there were. */
  get falseSteps(): number {
    return Math.max(0, this.#state.clock.epoch - this.#stepsBack);
  }

  arrive(plan: RequestPlan): void {
    const { history, time, trace } = this.world;
    const generation = this.#state;
    const request = history.open(this.number, this.#cacheGeneration, plan, time.now);
    generation.open.add(request);
    trace?.(`isolate ${this.number}: request ${request.number} arrives, key ${plan.key}`);
    const start = this.eventHandler(() => {
      request.cacheGeneration = this.#cacheGeneration;
      const { clock } = this.#state;
      // A new request has no timer yet.
      clock.checkForStep();
      const context = newContext({
        clock,
        now: () => this.#clock.now(),
        setTimer: (ms, task) => this.#timer(ms, task),
        onException: (error) => time.fail(error),
        hasEnded: () => request.endedAt !== null,
      });
      context.run(() => void serveRequest(this, context, request).catch((error) => time.fail(error)));
    });
    start();
  }

  /** Wraps the handler of an external event; the handler does not run after a restart. */
  eventHandler(task: () => void, afterStallMs = 0): () => void {
    const generation = this.#state;
    return () =>
      this.#whenAwake(() => {
        if (generation !== this.#state) return;
        this.#maybePause();
        task();
      }, afterStallMs);
  }

  /** The moment until which bytes have left by `at`: none leave while the machine stands still. */
  sentUntil(at: number): number {
    return this.#isStalled(at) ? this.#stall.from : at;
  }

  /** Runs `task`, which bytes that leave by themselves bring about, once bytes leave again. */
  whenSending(task: () => void): void {
    const { time } = this.world;
    if (this.#isStalled(time.now)) time.at(this.#stall.until + this.#workMs + SENDS_AGAIN_MS, task);
    else task();
  }

  /** Applies a task's effect a little later: its JavaScript has to end first. */
  effect(task: () => void): void {
    const { time, random, scenario } = this.world;
    const generation = this.#state;
    const { workMs } = scenario.budget;
    const ms = random.chance(scenario.fullDelayChance) ? workMs : Math.min(workMs, 2 * random.next());
    time.after(ms, () => this.#whenNotPaused(() => generation === this.#state && task()));
  }

  close(request: RequestRecord): void {
    request.endedAt = this.world.time.now;
    this.#state.open.delete(request);
    request.onEnd?.();
  }

  /** At the end of a request. */
  watchPermits(lease: Lease, context: SimulatedContext): void {
    const schedule: Schedule = (ms, task) => context.schedule(ms, task);
    this.#watches.add(schedule);
    lease.returnUnused({ ...context, schedule });
  }

  leaseOn(key: KeyName): Lease {
    const { leases, clock } = this.#state;
    const known = leases.get(key);
    if (known) return known;
    this.#holderCount += 1;
    const lease: Lease = new Lease(
      (report, limitMs, schedule) => this.#callLedger(key, lease, report, limitMs, schedule),
      clock,
      this.world.scenario.ledgerTimeoutMs,
      `isolate ${this.number}, holder ${this.#holderCount}`,
    );
    leases.set(key, lease);
    return lease;
  }

  /** Runs a check of the lease, and checks its cost. */
  observe(lease: Lease, ensureValid: () => Promise<Refusal | null>): Promise<Refusal | null> {
    const { history } = this.world;
    const wasRefused = this.#state.refused.has(lease);
    const callsBefore = history.calls.length;
    const outcome = ensureValid();
    const calledLedger = history.calls.length > callsBefore;
    if (wasRefused && calledLedger) {
      history.violations.push({
        rule: "rule 10",
        what: "a call to the ledger for a key that is known to be refused",
      });
    }
    return outcome;
  }

  /** Calls the ledger for permits, whether or not the lease is renewable. */
  requestPermits<Outcome>(call: () => Promise<Outcome>): Promise<Outcome> {
    this.#requestingPermits = true;
    const called = call();
    this.#requestingPermits = false;
    return called;
  }

  #newState(): IsolateState {
    const clock = new LeaseClock(() => clampToTimers(this.#clock.now()));
    return { clock, leases: new Map(), refused: new Set(), open: new Set() };
  }

  /** Clears the key cache; requests in flight keep their leases. */
  #forget(): void {
    this.world.trace?.(`isolate ${this.number}: forgets its keys`);
    this.#cacheGeneration += 1;
    this.#state.leases.clear();
  }

  /** Open requests get no answer; bodies are aborted. */
  #restart(): void {
    const { time, trace } = this.world;
    trace?.(`isolate ${this.number}: restarts`);
    for (const request of this.#state.open) {
      if (request.headersAt !== null) {
        request.lastByteAt = this.sentUntil(time.now);
        request.bodyComplete = false;
      }
      request.endedAt = time.now;
      request.onEnd?.();
    }
    for (const { permits } of this.#state.leases.values()) this.world.history.deadHolders.add(permits.holder);
    this.#cacheGeneration += 1;
    this.#state = this.#newState();
  }

  /** Pauses right after the current task, before its effects. */
  #maybePause(): void {
    const { time, random, scenario, trace } = this.world;
    const { pauseMs } = scenario.budget;
    if (time.now < this.#nextPauseFrom || time.now >= scenario.faultsEndAt) return;
    if (!random.chance(this.#plan.pauseChance)) return;
    this.#pausedUntil = time.now + pauseMs;
    this.#nextPauseFrom = this.#pausedUntil + scenario.ledgerTimeoutMs;
    trace?.(`isolate ${this.number}: pauses for ${pauseMs.toFixed(1)} ms`);
  }

  /** After a stall, timers that are overdue run after the other events. */
  #whenAwake(task: () => void, afterStallMs: number): void {
    const { time } = this.world;
    const wakesAt = Math.max(this.#pausedUntil, this.#stall.until);
    if (time.now >= wakesAt) task();
    else time.at(wakesAt + afterStallMs, () => this.#whenAwake(task, afterStallMs));
  }

  #whenNotPaused(task: () => void): void {
    const { time } = this.world;
    if (time.now >= this.#pausedUntil) task();
    else time.at(this.#pausedUntil, () => this.#whenNotPaused(task));
  }

  /** The machine stands still, once what runs has had its effects; its clock continues. */
  #suspend(ms: number): void {
    const { time, scenario, trace } = this.world;
    // A pause after it would be a second fault within one lease.
    this.#nextPauseFrom = time.now + ms + scenario.ledgerTimeoutMs;
    trace?.(`isolate ${this.number}: stands still for ${ms.toFixed(1)} ms`);
    this.#stall = { from: time.now, until: time.now + ms };
  }

  #isStalled(at: number): boolean {
    return at >= this.#stall.from && at <= this.#stall.until + this.#workMs + SENDS_AGAIN_MS / 2;
  }

  get #workMs(): number {
    return this.world.scenario.budget.workMs;
  }

  #timer(ms: number, task: () => void): () => void {
    const { time, random, scenario } = this.world;
    const { timerLateMs } = scenario.budget;
    const anyLateMs = random.chance(scenario.fullDelayChance)
      ? timerLateMs
      : Math.min(timerLateMs, random.next());
    // One that is overdue when it is set again is next.
    const lateMs = ms === 0 ? 0 : anyLateMs;
    let cancelled = false;
    const fire = this.eventHandler(() => void (cancelled || task()), OVERDUE_TIMERS_MS);
    const timer = time.after(ms / this.#plan.rate + lateMs, fire);
    return () => {
      cancelled = true;
      timer.task = null;
    };
  }

  /** Like `callLedger`: a time limit, and a second attempt after a failure. */
  #callLedger(
    key: KeyName,
    lease: Lease,
    report: LeaseReport,
    limitMs: number,
    schedule: Schedule,
  ): Promise<LeaseAnswer> {
    const { history, time, random } = this.world;
    const forPermits = this.#requestingPermits || this.#watches.has(schedule);
    const call = { isolate: this.number, key, at: time.now, forPermits };
    history.calls.push(call);
    history.granted.recordReport(report.holder, report.permits);
    if (lease.isValid() && !lease.isNearExpiry() && !forPermits) history.renewals.push(call);
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (answer: LeaseAnswer | null) => {
        // The platform cancels the calls of a request that is gone, some time later.
        if (settled || (isGone(schedule) && random.chance(0.5))) return;
        settled = true;
        stopLimit();
        if (!answer) return reject(UNREACHABLE);
        if (!answer.granted && PERMANENT_REFUSALS.has(answer.reason)) this.#state.refused.add(lease);
        history.answersReceived.set(report.holder, (history.answersReceived.get(report.holder) ?? 0) + 1);
        resolve(answer);
      };
      const stopLimit = schedule(limitMs, () => settle(null));
      this.effect(() => attemptLease(this, this.#link, key, report, 1, settle));
    });
  }

  #injectClockFault({ kind, ms }: ClockFault): void {
    const { scenario, trace, excess } = this.world;
    const { clockLossMs } = scenario.budget;
    if (kind === "step back" || ms < 0) this.#stepsBack += 1;
    trace?.(
      `isolate ${this.number}: clock fault: ${kind} of ${(kind === "jump" ? ms : ms * clockLossMs).toFixed(1)} ms`,
    );
    if (kind === "freeze") this.#clock.freeze(ms * clockLossMs);
    if (kind === "step back") this.#clock.step(-ms * clockLossMs);
    if (kind === "jump") {
      // Other requests read the clock, so that a jump back is detected before the clock has caught up.
      if (!excess.undetectedJumps) this.#state.clock.checkForStep();
      this.#clock.step(ms);
      if (!excess.undetectedJumps) this.#state.clock.checkForStep();
    }
  }
}
