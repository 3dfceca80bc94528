// The length of leases under load: longer step by step, never beyond the longest, and shorter again with hysteresis.

import { describe, expect, test } from "vitest";
import { GRANTS_PER_SECOND_MAX, LeaseLength } from "../../src/ledger/lease-length.ts";

const SHORTEST_MS = 1000;
const LONGEST_MS = 5000;

function lengthFrom(startedAt = 0): LeaseLength {
  return new LeaseLength(SHORTEST_MS, LONGEST_MS, startedAt, GRANTS_PER_SECOND_MAX);
}

function grant(length: LeaseLength, now: number): number {
  const ms = length.at(now);
  length.countGrant(now);
  return ms;
}

/** `count` keys in use, each on one isolate; each lease is renewed with half of it left. */
class Users {
  readonly #dueAt: number[];
  readonly #length: LeaseLength;
  readonly lengths: { readonly at: number; readonly ms: number }[] = [];

  constructor(length: LeaseLength, count: number, from: number, spreadMs: number) {
    this.#length = length;
    this.#dueAt = Array.from({ length: count }, (_, index) => from + (spreadMs * index) / count);
  }

  run(until: number): void {
    for (;;) {
      const now = Math.min(...this.#dueAt);
      if (now >= until) return;
      const ms = grant(this.#length, Math.floor(now));
      this.#dueAt[this.#dueAt.indexOf(now)] = now + ms / 2;
      if (ms !== this.lengths.at(-1)?.ms) this.lengths.push({ at: now, ms });
    }
  }
}

function stepsOf({ lengths }: Users): number[] {
  return lengths.map(({ ms }) => ms);
}

describe("the length of leases", () => {
  test("is the shortest up to 300 requests a second", () => {
    const users = new Users(lengthFrom(), 150, 0, 500);
    users.run(20_000);
    expect(stepsOf(users)).toEqual([SHORTEST_MS]);
  });

  test("doubles after the first one above that", () => {
    const length = lengthFrom();
    for (let count = 0; count <= GRANTS_PER_SECOND_MAX; count++) expect(grant(length, 900)).toBe(SHORTEST_MS);
    expect(grant(length, 900)).toBe(2 * SHORTEST_MS);
  });

  test("never exceeds the longest under any load", () => {
    const users = new Users(lengthFrom(), 3000, 0, 100);
    users.run(8_000);
    expect(stepsOf(users)).toEqual([1000, 2000, 4000, LONGEST_MS]);
  });

  test.each([160, 250, 320, 500, 620, 740])(
    "settles at no more than 300 requests a second with %i keys in use",
    (count) => {
      for (const spreadMs of [20, 500]) {
        const users = new Users(lengthFrom(), count, 0, spreadMs);
        users.run(60_000);
        const settled = users.lengths.at(-1) as { at: number; ms: number };
        expect(settled.at).toBeLessThan(10_000);
        expect((2 * count) / (settled.ms / 1000)).toBeLessThanOrEqual(GRANTS_PER_SECOND_MAX);
        expect(stepsOf(users)).toEqual(stepsOf(users).toSorted((one, other) => one - other));
      }
    },
  );

  test("gets shorter again step by step when fewer keys are in use", () => {
    const length = lengthFrom();
    new Users(length, 1000, 0, 500).run(20_000);
    const fewer = new Users(length, 20, 20_000, 500);
    fewer.run(60_000);
    expect(stepsOf(fewer)).toEqual([5000, 2500, 1250, SHORTEST_MS]);
  });

  test("is the shortest again after an idle time", () => {
    const length = lengthFrom();
    new Users(length, 1000, 0, 500).run(20_000);
    expect(grant(length, 20_000 + 3 * LONGEST_MS)).toBe(SHORTEST_MS);
  });

  test("adapts after the clock is set back", () => {
    const length = lengthFrom(1_000_000);
    new Users(length, 1000, 1_000_000, 500).run(1_020_000);
    expect(grant(length, 5)).toBe(LONGEST_MS);
    expect(grant(length, 5 + 3 * LONGEST_MS)).toBe(SHORTEST_MS);
  });

  test("is constant where the longest is the shortest", () => {
    const length = new LeaseLength(200, 200, 0, GRANTS_PER_SECOND_MAX);
    for (let count = 0; count < 10_000; count++) expect(grant(length, count)).toBe(200);
  });
});
