// Compares the model's rows and alarms for the use of keys with the ledger's own code, in virtual time.

import { expect, test } from "vitest";
import { KeyUsage } from "../../../src/ledger/key-usage.ts";
import { Random } from "../../proofs/simulator/random.ts";
import { useOf } from "./predict.ts";

const KEYS = 10;
const CALLS = 4000;
const HIBERNATES_AFTER_MS = 10_000;
/** The model's hibernation is that of one key; a day has more than its first use. */
const TOLERANCE = 0.15;

test.each([0.0001, 0.001, 0.01, 0.1, 1, 10])(
  "ten keys, each used %d times a second, write as many rows and set as many alarms as the model predicts",
  (perKey) => {
    const { rows, alarms } = countUses(perKey);
    const predicted = useOf(perKey, KEYS * perKey, KEYS * perKey);
    expect(Math.abs(alarms / CALLS - predicted.alarmsPerRequest)).toBeLessThan(TOLERANCE);
    expect(Math.abs(rows / CALLS - predicted.writesPerRequest)).toBeLessThan(TOLERANCE);
  },
);

/** Calls of a Poisson process, each of which reports one use. */
function countUses(perKey: number): { readonly rows: number; readonly alarms: number } {
  const random = new Random(1);
  const count = { rows: 0, alarms: 0 };
  let alarmAt: number | null = null;
  let now = 0;
  const start = () =>
    new KeyUsage(
      () => {
        count.rows += 1;
      },
      (afterMs) => {
        count.alarms += 1;
        alarmAt = now + afterMs;
      },
    );
  let usage = start();
  for (let call = 0, activeAt = 0; call < CALLS; call++) {
    const at = now - (Math.log(1 - random.next()) * 1000) / (KEYS * perKey);
    while (alarmAt !== null && alarmAt <= at) {
      now = alarmAt;
      activeAt = now;
      alarmAt = null;
      usage.flush(now);
    }
    now = at;
    if (now - activeAt >= HIBERNATES_AFTER_MS) usage = start();
    activeAt = now;
    usage.recordUse(`key ${Math.floor(random.next() * KEYS)}`, now, 1);
  }
  return count;
}
