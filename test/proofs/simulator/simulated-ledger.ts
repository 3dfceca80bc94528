/**
 * The machine room of the ledger: starts, stops and replaces the Durable Object, and carries calls to it.
 *
 * As on the platform, an answer leaves only when all that the object wrote before is on disk (the output
 * gate); a call to an object that ends fails, or is never answered; calls wait while the object starts; and
 * a superseded object may still be reached for a while, but its storage refuses it.
 */
import type { WindowsMs } from "../../../src/rate-limits.ts";
import { LedgerRules, type LedgerSettings } from "./ledger-rules.ts";
import type { Random } from "./random.ts";
import type { LedgerPlan, Scenario } from "./scenario.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { type Disk, StorageSession, SUPERSEDED } from "./simulated-storage.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface LedgerCall {
  /** Carries the call out; what it returns sends the answer on its way. */
  readonly run: (ledger: LedgerRules) => (() => void) | Promise<() => void>;
  readonly fail: () => void;
  /** The platform sees to it that it is carried out. */
  readonly isAlarm?: boolean;
}

/** How long callers may still be led to an object that was superseded. */
const OLD_REACHABLE_MAX_MS = 4000;

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
  readonly #windowsMs: WindowsMs;
  readonly #trace: ((line: string) => void) | undefined;
  #settings: LedgerSettings;
  #current: LedgerObject | null = null;
  #superseded: LedgerObject | null = null;
  #waiting: (() => void)[] = [];
  #restarts = 0;

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
    this.#windowsMs = limits.windowsMs;
    this.#trace = trace;
    const { leaseMs, leaseMaxMs, marginMs: leaseMarginMs, grantsPerSecondMax } = plan;
    this.#settings = { leaseMs, leaseMaxMs, leaseMarginMs, grantsPerSecondMax };
    this.#start();
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Of the version that gives leases now. */
  get settings(): LedgerSettings {
    return this.#settings;
  }

  /** As the object that gives leases now has it. */
  fact(name: string): string | undefined {
    return this.#current?.session.fact(name);
  }

  /** `mayReachOld`: the caller's way still leads to the superseded object, if there is one. */
  deliver(call: LedgerCall, mayReachOld: boolean): void {
    this.#maybeRestart("a call arrives");
    const object = (mayReachOld && this.#superseded) || this.#current;
    if (object) void this.#run(object, call);
    else this.#waiting.push(() => this.deliver(call, false));
  }

  /** A new version with other lengths of leases. */
  deploy({ leaseMs, leaseMaxMs }: Pick<LedgerSettings, "leaseMs" | "leaseMaxMs">): void {
    this.#settings = { ...this.#settings, leaseMs, leaseMaxMs };
    this.restart(false);
  }

  /** The object ends, and another starts; `keepsOld`: it does not know yet that it has been replaced. */
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
      this.#time.at(Math.min(stopsAt, this.#plan.calmFrom), () => {
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
    const session = new StorageSession(this.#time, this.#disk, () => confirmMs * this.#random.next());
    const ground = {
      now: () => this.#clock.now(),
      wait: (ms: number) => this.#wait(ms),
      keys: { issued: session.key.bind(session), change: session.changeKey.bind(session) },
      facts: { get: session.fact.bind(session), set: session.setFact.bind(session) },
      permits: session.permits,
      sync: () => {
        this.#maybeRestart("a write is not yet confirmed");
        return session.sync();
      },
      wakeIn: async (ms: number) => {
        this.#time.after(ms, () => this.#ringAlarm());
      },
    };
    const rules = new LedgerRules(ground, this.#windowsMs, this.#settings);
    this.#current = { rules, session, calls: new Set(), stopped: false };
    this.#trace?.(`ledger: started, its clock shows ${this.#clock.now()}`);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const deliver of waiting) deliver();
  }

  #wait(ms: number): Promise<void> {
    this.#maybeRestart("leases are waited for");
    return new Promise((resolve) => this.#time.after(ms / this.#clock.rate, resolve));
  }

  /** Wakes whatever object there is then; nobody hears the answer. */
  #ringAlarm(): void {
    const run = async (ledger: LedgerRules) => {
      await ledger.settle();
      return () => {};
    };
    this.deliver({ run, fail: () => this.#ringAlarm(), isAlarm: true }, false);
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
    for (const call of object.calls) if (call.isAlarm || this.#random.chance(0.7)) call.fail();
    object.calls.clear();
  }

  /** A restart right after the step under way. */
  #maybeRestart(step: string): void {
    const { restartChance, restartsMax, calmFrom } = this.#plan;
    if (!this.#current || this.#restarts >= restartsMax || this.#time.now >= calmFrom) return;
    if (!this.#random.chance(restartChance)) return;
    this.#trace?.(`ledger: about to restart while ${step}`);
    this.#time.after(0, () => this.restart(this.#random.chance(0.3)));
  }
}
