// Rate limits under generated schedules: isolates that request, use and return permits, restart or stop; answers that are
// late, lost or out of order; and a ledger that restarts. The code of both sides is the Worker's own; the clock and the
// messages are the test's.

import fc from "fast-check";
import { expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import { Permits } from "../../src/leases/permits.ts";
import type { BucketGrant, PermitReport } from "../../src/leases/protocol.ts";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { MemoryPermitStore } from "./memory-permit-store.ts";

const WINDOW_MS = 1000;
const WINDOWS_MS = { requests: WINDOW_MS, publish: 3 * WINDOW_MS };
const ISOLATES = 3;

interface LeaseRequest {
  readonly permits: Permits;
  readonly reports: PermitReport[];
  readonly requestedAt: number;
}

interface Answer extends LeaseRequest {
  readonly grants: BucketGrant[];
}

/** An action by name; the number selects an isolate or a message in transit. */
const action = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.constant("use"), fc.nat(ISOLATES - 1)) },
  { weight: 6, arbitrary: fc.tuple(fc.constant("round trip"), fc.nat(ISOLATES - 1)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant("request"), fc.nat(ISOLATES - 1)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("ledger answers"), fc.nat(5)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("answer arrives"), fc.nat(5)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("time passes"), fc.nat(300)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("refund"), fc.nat(5)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("answer is lost"), fc.nat(5)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("request repeats"), fc.nat(5)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("isolate restart"), fc.nat(ISOLATES - 1)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("ledger restart"), fc.constant(0)) },
);

test("never admits more in a window than the limit, nor outside of its window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(action, { minLength: 60, maxLength: 200, size: "max" }),
      (limit, actions) => {
        const world = new World(limit);
        for (const [name, index] of actions) world.perform(name, index);
        expect(Math.max(0, ...world.admitted.values())).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 3000 },
  );
});

test("admits exactly the limit when isolates keep requesting", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(ISOLATES - 1), { maxLength: 40 }),
      (limit, uses) => {
        const world = new World(limit);
        for (const isolate of uses) world.perform("use", isolate);
        // Each holder returns unused permits with one report, and gets the permits of others with the next.
        for (let round = 0; round < 60; round++) {
          for (let isolate = 0; isolate < ISOLATES; isolate++) {
            world.roundTrip(isolate);
            while (world.perform("use", isolate));
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
  readonly #store = new MemoryPermitStore();
  /** An isolate that restarts has another holder name. */
  readonly #isolates: Permits[] = [];
  #book = new PermitBook(this.#store, WINDOWS_MS);
  #now = 5000;
  #restarts = 0;
  #requests: LeaseRequest[] = [];
  #answers: Answer[] = [];
  #refundable: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    for (let isolate = 0; isolate < ISOLATES; isolate++) this.#restart(isolate);
  }

  get window(): number {
    return Math.floor(this.#now / WINDOW_MS);
  }

  /** Whether the action had an effect. */
  perform(name: string, index: number): boolean {
    const pick = <Item>(items: Item[]) => items[index % Math.max(1, items.length)];
    // Requests come in bursts, or a holder would never use up its permits.
    if (name === "use") return [1, 2, 3].map(() => this.#use(index)).some(Boolean);
    if (name === "round trip") this.roundTrip(index);
    if (name === "request") this.#request(index);
    if (name === "ledger answers")
      this.#takeOut(this.#requests, pick(this.#requests), (request) => this.#reply(request));
    if (name === "request repeats")
      for (const request of [pick(this.#requests)]) if (request) this.#reply(request);
    if (name === "answer arrives")
      this.#takeOut(this.#answers, pick(this.#answers), (answer) => this.#receive(answer));
    if (name === "answer is lost") this.#takeOut(this.#answers, pick(this.#answers), () => {});
    if (name === "refund") this.#takeOut(this.#refundable, pick(this.#refundable), (refund) => refund());
    if (name === "time passes") this.#now += index;
    if (name === "isolate restart") this.#restart(index);
    if (name === "ledger restart") this.#book = new PermitBook(this.#store, WINDOWS_MS);
    return true;
  }

  roundTrip(isolate: number): void {
    this.#request(isolate);
    this.#takeOut(this.#requests, this.#requests.at(-1), (request) => this.#reply(request));
    this.#takeOut(this.#answers, this.#answers.at(-1), (answer) => this.#receive(answer));
  }

  #restart(isolate: number): void {
    this.#restarts += 1;
    this.#isolates[isolate] = new Permits(`holder ${this.#restarts}`, new LeaseClock(() => this.#now));
  }

  #use(isolate: number): boolean {
    const taken = this.#permits(isolate).admit("requests");
    if (taken.outcome !== "admitted" || taken.allowance === null) return false;
    const { window } = this;
    const count = (change: number) =>
      void this.admitted.set(window, (this.admitted.get(window) ?? 0) + change);
    count(1);
    this.#refundable.push(() => {
      taken.refund();
      count(-1);
    });
    expect(taken.allowance.remaining).toBeGreaterThanOrEqual(0);
    return true;
  }

  #request(isolate: number): void {
    const permits = this.#permits(isolate);
    const waiting = [1, 2, 3].map(() => permits.startWaiting("requests"));
    this.#requests.push({ permits, reports: permits.report(), requestedAt: this.#now });
    for (const stopWaiting of waiting) stopWaiting();
  }

  #reply(request: LeaseRequest): void {
    const limits = { requests: this.#limit, publish: this.#limit };
    const { holder } = request.permits;
    const call = { keyId: "key", holder, reports: request.reports, leaseMs: WINDOW_MS / 4 };
    const grants = this.#book.grant({ key: limits, account: null }, call, this.#now);
    this.#answers.push({ ...request, grants: grants ?? [] });
  }

  #receive({ permits, grants, requestedAt }: Answer): void {
    permits.applyGrant(grants, requestedAt, 0, WINDOW_MS / 4);
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
