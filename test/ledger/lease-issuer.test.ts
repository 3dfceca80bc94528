// What a restart of the ledger knows of the leases granted before: one row on disk, written about once a minute.

import { beforeEach, describe, expect, test } from "vitest";
import { CLOCK_STEP_MAX_MS, type LeaseColumns } from "../../src/ledger/lease-book.ts";
import { LEASES_IN_USE, LeaseIssuer, type LeasesOnDisk } from "../../src/ledger/lease-issuer.ts";

const KEY: LeaseColumns = { expires_at: null, revokes_at: null, revoked_at: null, suspended_at: null };
const SETTINGS = { leaseMs: 1000, leaseMaxMs: 5000, leaseMarginMs: 200 };
const LASTS_MS = 1200;
const NOW = 1_000_000;

let disk: Map<string, string>;
let writes: number;
let issuer: LeaseIssuer;

beforeEach(() => {
  disk = new Map();
  writes = 0;
  issuer = start(NOW);
});

const metadata = {
  get: (name: string): unknown => JSON.parse(disk.get(name) ?? "null") ?? undefined,
  set: (name: string, value: unknown) => {
    writes += 1;
    disk.set(name, JSON.stringify(value));
  },
};

function start(startedAt: number, settings = SETTINGS): LeaseIssuer {
  return new LeaseIssuer(metadata, settings, startedAt);
}

function onDisk(): LeasesOnDisk {
  return metadata.get(LEASES_IN_USE) as LeasesOnDisk;
}

describe("the row on disk", () => {
  test("covers the first lease before it leaves, a minute ahead", () => {
    issuer.grant("a", KEY, NOW);
    expect(onDisk()).toEqual({ until: NOW + 60_000, longest_ms: LASTS_MS });
  });

  test("is written about once a minute, however many leases are granted", () => {
    for (let second = 0; second < 600; second++) issuer.grant("a", KEY, NOW + 1000 * second);
    expect(writes).toBeLessThanOrEqual(12);
    expect(writes).toBeGreaterThanOrEqual(10);
  });

  test("covers every lease with 5 s to spare", () => {
    for (let ms = 0; ms < 130_000; ms += 97) {
      issuer.grant("a", KEY, NOW + ms);
      expect(onDisk().until).toBeGreaterThanOrEqual(NOW + ms + LASTS_MS + CLOCK_STEP_MAX_MS);
    }
  });

  test("is written at once for a longer lease", () => {
    for (let count = 0; count < 302; count++) issuer.grant("a", KEY, NOW);
    expect(onDisk().longest_ms).toBe(2200);
  });

  test("forgets longer leases a minute later, when they have expired", () => {
    for (let count = 0; count < 302; count++) issuer.grant("a", KEY, NOW);
    for (let second = 5; second < 130; second += 5) issuer.grant("a", KEY, NOW + 1000 * second);
    expect(onDisk().longest_ms).toBe(LASTS_MS);
  });

  test("is not written for a refused lease", () => {
    issuer.grant("a", { ...KEY, revoked_at: NOW }, NOW);
    issuer.grant("b", undefined, NOW);
    expect(writes).toBe(0);
  });

  test("that cannot be written leaves no lease and nothing in memory", () => {
    const failing = new LeaseIssuer(
      {
        get: () => undefined,
        set: () => {
          throw new Error("disk full");
        },
      },
      SETTINGS,
      NOW,
    );
    expect(() => failing.grant("a", KEY, NOW)).toThrow("disk full");
    expect(failing.waitMs("a", NOW)).toBe(0);
    expect(() => failing.grant("a", KEY, NOW)).toThrow("disk full");
  });
});

describe("the wait of a change that ends the key sooner", () => {
  test("is none for a key without leases", () => {
    expect(issuer.waitMsForEnd("a", NOW, NOW + 1)).toBe(0);
  });

  test("is none when the leases in use expire before the end", () => {
    issuer.grant("a", KEY, NOW);
    expect(issuer.waitMsForEnd("a", NOW, NOW + LASTS_MS)).toBe(0);
    expect(issuer.waitMsForEnd("a", NOW, NOW + 5000)).toBe(0);
  });

  test("is that of any restriction when one of them may outlast the end", () => {
    issuer.grant("a", KEY, NOW);
    expect(issuer.waitMsForEnd("a", NOW, NOW + LASTS_MS - 1)).toBe(LASTS_MS);
    expect(issuer.waitMsForEnd("a", NOW, NOW + 1)).toBe(LASTS_MS);
  });
});

describe("a ledger that starts", () => {
  test("for the first time has no lease in use: a revocation takes effect at once", () => {
    expect(issuer.waitMs("a", NOW)).toBe(0);
    expect(issuer.timing("a", NOW)).toEqual({ effectiveAt: NOW, leaseBoundMs: LASTS_MS });
  });

  test("a minute after the last lease has none in use", () => {
    issuer.grant("a", KEY, NOW);
    expect(start(NOW + 60_001).waitMs("a", NOW + 60_001)).toBe(0);
  });

  test("sooner assumes the longest, on every key", () => {
    issuer.grant("a", KEY, NOW);
    const next = start(NOW + 30_000);
    expect(next.waitMs("a", NOW + 30_000)).toBe(LASTS_MS);
    expect(next.waitMs("b", NOW + 30_000)).toBe(LASTS_MS);
  });

  test("assumes the longer leases of the version before it", () => {
    start(NOW, { ...SETTINGS, leaseMs: 3000 }).grant("a", KEY, NOW);
    const next = start(NOW + 1);
    expect(next.waitMs("a", NOW + 1)).toBe(3200);
    expect(next.timing("a", NOW + 1)).toEqual({ effectiveAt: NOW + 3201, leaseBoundMs: 3200 });
  });

  test("on a machine whose clock is 5 s behind or ahead misses no lease", () => {
    for (let ms = 0; ms < 60_000; ms += 500) {
      issuer.grant("a", KEY, NOW + ms);
      for (const stepMs of [-CLOCK_STEP_MAX_MS, CLOCK_STEP_MAX_MS - 1]) {
        const startedAt = NOW + ms + LASTS_MS + stepMs;
        expect(start(startedAt).waitMs("a", startedAt)).toBe(LASTS_MS);
      }
    }
  });
});
