// Rate limits whatever happens on the way: isolates that ask, use up, give up, forget and fall silent, answers that are
// late, lost or out of order, and a ledger that restarts, in every order that fast-check can think of. The code of both
// sides is the Worker's own; the clock and the messages are the test's.

import fc from "fast-check";
import { expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import { Permits } from "../../src/leases/permits.ts";
import type { BucketGrant, PermitReport } from "../../src/leases/protocol.ts";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { StoredPermits } from "./stored-permits.ts";

const WINDOW_MS = 1000;
const WINDOWS_MS = { requests: WINDOW_MS, publish: 3 * WINDOW_MS };
const ISOLATES = 3;

interface Ask {
  readonly asker: Permits;
  readonly reports: PermitReport[];
  readonly askedAt: number;
}

interface Answer extends Ask {
  readonly grants: BucketGrant[];
}

/** Everything that can happen, by name; the number chooses among what is under way. */
const happening = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.constant("use"), fc.nat(ISOLATES - 1)) },
  { weight: 6, arbitrary: fc.tuple(fc.constant("ask and hear"), fc.nat(ISOLATES - 1)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant("ask"), fc.nat(ISOLATES - 1)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("ledger"), fc.nat(5)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("answer"), fc.nat(5)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("pass"), fc.nat(300)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("give back"), fc.nat(5)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("lose"), fc.nat(5)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("repeat"), fc.nat(5)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("forget"), fc.nat(ISOLATES - 1)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("restart"), fc.constant(0)) },
);

test("never admits more in a window than the limit, nor outside of its window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(happening, { minLength: 60, maxLength: 200, size: "max" }),
      (limit, happenings) => {
        const world = new World(limit);
        for (const [what, which] of happenings) world.happen(what, which);
        expect(Math.max(0, ...world.admitted.values())).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 3000 },
  );
});

test("admits exactly the limit when isolates keep asking for more", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(ISOLATES - 1), { maxLength: 40 }),
      (limit, uses) => {
        const world = new World(limit);
        for (const isolate of uses) world.happen("use", isolate);
        // Each holder gives up at its next report what it does not need, and gets at the one after what others gave up.
        for (let round = 0; round < 60; round++) {
          for (let isolate = 0; isolate < ISOLATES; isolate++) {
            world.askAndHear(isolate);
            while (world.happen("use", isolate));
          }
        }
        expect(world.admitted.get(world.window)).toBe(limit);
      },
    ),
    { numRuns: 300 },
  );
});

class World {
  readonly admitted = new Map<number, number>();
  readonly #limit: number;
  readonly #store = new StoredPermits();
  /** Each as it is now; one that forgets begins anew under another name. */
  readonly #isolates: Permits[] = [];
  #book = new PermitBook(this.#store, WINDOWS_MS);
  #now = 5000;
  #lives = 0;
  #asks: Ask[] = [];
  #answers: Answer[] = [];
  #mayGiveBack: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    for (let isolate = 0; isolate < ISOLATES; isolate++) this.#begin(isolate);
  }

  get window(): number {
    return Math.floor(this.#now / WINDOW_MS);
  }

  /** Whether anything came of it. */
  happen(what: string, which: number): boolean {
    const pick = <Item>(items: Item[]) => items[which % Math.max(1, items.length)];
    // Requests come in bursts, or a holder would never be at its end.
    if (what === "use") return [1, 2, 3].map(() => this.#use(which)).some(Boolean);
    if (what === "ask and hear") this.askAndHear(which);
    if (what === "ask") this.#ask(which);
    if (what === "ledger") this.#takeOut(this.#asks, pick(this.#asks), (ask) => this.#reply(ask));
    if (what === "repeat") for (const ask of [pick(this.#asks)]) if (ask) this.#reply(ask);
    if (what === "answer") this.#takeOut(this.#answers, pick(this.#answers), (answer) => this.#hear(answer));
    if (what === "lose") this.#takeOut(this.#answers, pick(this.#answers), () => {});
    if (what === "give back") this.#takeOut(this.#mayGiveBack, pick(this.#mayGiveBack), (refund) => refund());
    if (what === "pass") this.#now += which;
    if (what === "forget") this.#begin(which);
    if (what === "restart") this.#book = new PermitBook(this.#store, WINDOWS_MS);
    return true;
  }

  askAndHear(isolate: number): void {
    this.#ask(isolate);
    this.#takeOut(this.#asks, this.#asks.at(-1), (ask) => this.#reply(ask));
    this.#takeOut(this.#answers, this.#answers.at(-1), (answer) => this.#hear(answer));
  }

  #begin(isolate: number): void {
    this.#lives += 1;
    this.#isolates[isolate] = new Permits(`holder ${this.#lives}`, new LeaseClock(() => this.#now));
  }

  #use(isolate: number): boolean {
    const taken = this.#permits(isolate).admit("requests");
    if (taken.outcome !== "admitted" || taken.allowance === null) return false;
    const { window } = this;
    const count = (change: number) =>
      void this.admitted.set(window, (this.admitted.get(window) ?? 0) + change);
    count(1);
    this.#mayGiveBack.push(() => {
      taken.refund();
      count(-1);
    });
    expect(taken.allowance.remaining).toBeGreaterThanOrEqual(0);
    return true;
  }

  #ask(isolate: number): void {
    const asker = this.#permits(isolate);
    this.#asks.push({ asker, reports: asker.report(), askedAt: this.#now });
  }

  #reply(ask: Ask): void {
    const limits = { requests: this.#limit, publish: this.#limit };
    const { holder } = ask.asker;
    const grants = this.#book.grant("key", limits, holder, ask.reports, this.#now, WINDOW_MS / 2);
    this.#answers.push({ ...ask, grants });
  }

  #hear({ asker, grants, askedAt }: Answer): void {
    asker.applyGrant(grants, askedAt, 0);
  }

  #permits(isolate: number): Permits {
    const permits = this.#isolates[isolate];
    if (!permits) throw new Error("no such isolate");
    return permits;
  }

  #takeOut<Item>(items: Item[], item: Item | undefined, then: (item: Item) => void): void {
    if (item === undefined) return;
    items.splice(items.indexOf(item), 1);
    then(item);
  }
}
