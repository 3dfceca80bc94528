/**
 * The lifecycle of the Durable Object: starts, stops and replaces it, and delivers calls to it.
 *
 * As on the platform, an answer leaves only when all earlier writes are on disk (the output gate); a call to an
 * object that ends fails, or is never answered; calls wait while the object starts; and a superseded object may
 * be reachable for a while, but its storage rejects it.
 */
import { LedgerRules, type LedgerSettings } from "./ledger-rules.ts";
import { PendingTimers } from "./pending-timers.ts";
import type { Random } from "./random.ts";
import type { LedgerPlan, LimitPlan, Scenario } from "./scenario.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { type Disk, StorageSession, SUPERSEDED } from "./simulated-storage.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface LedgerCall {
  /** Executes the call; the function it returns sends the answer. */
  readonly run: (ledger: LedgerRules) => (() => void) | Promise<() => void>;
  readonly fail: () => void;
}

/** How long calls may still be routed to a superseded object. */
const OLD_REACHABLE_MAX_MS = 4000;

/** After a stall, queued calls run first. */
const TIMERS_AFTER_CALLS_MS = 0.001;

interface LedgerObject {
  readonly rules: LedgerRules;
  readonly session: StorageSession;
  readonly calls: Set<LedgerCall>;
  stopped: boolean;
}

export class SimulatedLedger {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #clock: SimulatedClock;
  readonly #disk: Disk;
  readonly #plan: LedgerPlan;
  readonly #limits: LimitPlan;
  readonly #trace: ((line: string) => void) | undefined;
  #settings: LedgerSettings;
  #current: LedgerObject | null = null;
  #superseded: LedgerObject | null = null;
  #waiting: (() => void)[] = [];
  #restarts = 0;
  #stalledUntil = 0;

  constructor(
    time: VirtualTime,
    random: Random,
    clock: SimulatedClock,
    disk: Disk,
    { ledger: plan, limits }: Scenario,
    trace: ((line: string) => void) | undefined,
  ) {
    this.#time = time;
    this.#random = random;
    this.#clock = clock;
    this.#disk = disk;
    this.#plan = plan;
    this.#limits = limits;
    this.#trace = trace;
    const { leaseMs, leaseMaxMs, marginMs: leaseMarginMs, grantsPerSecondMax } = plan;
    this.#settings = { leaseMs, leaseMaxMs, leaseMarginMs, grantsPerSecondMax };
    this.#start();
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Of the current version. */
  get settings(): LedgerSettings {
    return this.#settings;
  }

  /** A metadata row as the current object sees it. */
  metadata(name: string): unknown {
    return this.#current?.session.metadata(name);
  }

  /** `mayReachOld`: the caller may still be routed to the superseded object, if there is one. */
  deliver(call: LedgerCall, mayReachOld: boolean): void {
    if (this.#time.now < this.#stalledUntil) {
      this.#time.at(this.#stalledUntil, () => this.deliver(call, mayReachOld));
      return;
    }
    this.#maybeRestart("a call arrives");
    const object = (mayReachOld && this.#superseded) || this.#current;
    if (object) void this.#run(object, call);
    else this.#waiting.push(() => this.deliver(call, false));
  }

  /** Deploys a version with other lease lengths. */
  deploy({ leaseMs, leaseMaxMs }: Pick<LedgerSettings, "leaseMs" | "leaseMaxMs">): void {
    this.#settings = { ...this.#settings, leaseMs, leaseMaxMs };
    this.restart(false);
  }

  /** Stops the object and starts another; `keepsOld`: the old one does not know yet that it is superseded. */
  restart(keepsOld: boolean): void {
    const old = this.#current;
    if (!old) return;
    this.#restarts += 1;
    this.#trace?.(`ledger: ${keepsOld ? "superseded" : "restarts"}`);
    old.session.close(!keepsOld && this.#random.chance(0.5));
    if (keepsOld) {
      if (this.#superseded) this.#stop(this.#superseded);
      this.#superseded = old;
      const stopsAt = this.#time.now + this.#random.between(0, OLD_REACHABLE_MAX_MS);
      this.#time.at(Math.min(stopsAt, this.#plan.faultsEndAt), () => {
        if (this.#superseded === old) this.#superseded = null;
        this.#stop(old);
      });
      this.#start();
      return;
    }
    this.#current = null;
    this.#stop(old);
    this.#time.after(this.#random.between(0, this.#plan.startMs), () => this.#start());
  }

  #start(): void {
    const { confirmMs, clockStepMs } = this.#plan;
    if (this.#restarts > 0 && clockStepMs > 0) {
      this.#clock.step(this.#random.between(-clockStepMs, clockStepMs));
    }
    const timers = new PendingTimers();
    const session = new StorageSession(this.#time, this.#disk, () => confirmMs * this.#random.next());
    const runtime = {
      now: () => timers.clamp(this.#clock.now()),
      wait: (ms: number) => this.#wait(ms, timers),
      keys: { issued: session.key.bind(session), change: session.changeKey.bind(session) },
      metadata: { get: session.metadata.bind(session), set: session.setMetadata.bind(session) },
      permits: session.permits,
      sync: () => {
        this.#maybeRestart("a write is not yet confirmed");
        return session.sync();
      },
    };
    const rules = new LedgerRules(runtime, this.#limits, this.#settings);
    this.#current = { rules, session, calls: new Set(), stopped: false };
    this.#trace?.(`ledger: started, its clock shows ${this.#clock.now()}`);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const deliver of waiting) deliver();
  }

  #wait(ms: number, timers: PendingTimers): Promise<void> {
    this.#maybeRestart("leases are waited for");
    const timer = timers.add(this.#clock.now() + ms);
    return new Promise((resolve) => {
      this.#time.after(ms / this.#clock.rate, () => this.#whenRunning(() => resolve(timers.remove(timer))));
    });
  }

  /** The object computes and handles nothing for a while. Calls that queue up are handled before timers that are overdue. */
  stall(ms: number): void {
    this.#trace?.(`ledger: stalls for ${ms.toFixed(1)} ms`);
    this.#stalledUntil = this.#time.now + ms;
  }

  #whenRunning(task: () => void): void {
    if (this.#time.now >= this.#stalledUntil) task();
    else this.#time.at(this.#stalledUntil + TIMERS_AFTER_CALLS_MS, () => this.#whenRunning(task));
  }

  async #run(object: LedgerObject, call: LedgerCall): Promise<void> {
    object.calls.add(call);
    try {
      const answer = await call.run(object.rules);
      if (object.stopped) return;
      this.#maybeRestart("an answer is ready");
      object.session.whenConfirmed(() => this.#finish(object, call, answer));
    } catch (error) {
      if (error === SUPERSEDED) this.#finish(object, call, call.fail);
      else this.#time.fail(error);
    }
  }

  #finish(object: LedgerObject, call: LedgerCall, settle: () => void): void {
    if (object.calls.delete(call)) settle();
  }

  #stop(object: LedgerObject): void {
    object.stopped = true;
    for (const call of object.calls) if (this.#random.chance(0.7)) call.fail();
    object.calls.clear();
  }

  /** Restarts right after the current step, by chance. */
  #maybeRestart(step: string): void {
    const { restartChance, restartsMax, faultsEndAt } = this.#plan;
    if (!this.#current || this.#restarts >= restartsMax || this.#time.now >= faultsEndAt) return;
    if (!this.#random.chance(restartChance)) return;
    this.#trace?.(`ledger: about to restart while ${step}`);
    this.#time.after(0, () => this.restart(this.#random.chance(0.3)));
  }
}
