// A target counts as reached only if there is a figure and the figure reaches it.

import { expect, test } from "vitest";
import { aResult } from "./made-up-results.ts";
import { targetsOf } from "./targets.ts";

const target = (results: Parameters<typeof targetsOf>[0], figure: string) =>
  targetsOf(results).find((each) => each.figure === figure);

test("a ratio that reaches its target is reached, one beyond it is not", () => {
  const cpu = "warm key, CPU per answer against bare";
  expect(target(aResult({ gatewayCpuUs: 145 }), cpu)).toMatchObject({ measured: "1.45", isHeld: true });
  expect(target(aResult({ gatewayCpuUs: 146 }), cpu)).toMatchObject({ measured: "1.46", isHeld: false });
  const usual = "warm key, throughput against usual";
  expect(target(aResult({}), usual)).toMatchObject({ target: "≥ 3", measured: "4.00", isHeld: true });
});

test("a figure that was not measured is neither reached nor missed", () => {
  const junk = targetsOf(aResult({})).filter(({ figure }) => figure.startsWith("junk keys"));
  expect(junk.length).toBe(2);
  for (const { measured, isHeld } of junk) {
    expect(measured).toBe("not measured");
    expect(isHeld).toBeNull();
  }
});

test("the check adds the least only if every other adds more", () => {
  const figure = "CPU that the check adds, against outside Workers";
  expect(target(aResult({ gatewayCpuUs: 119 }), figure)).toMatchObject({
    measured: "19 µs (nginx, auth_request: 20 µs)",
    isHeld: true,
  });
  expect(target(aResult({ gatewayCpuUs: 120 }), figure)).toMatchObject({ isHeld: false });
});

test("counts of the stores are compared exactly", () => {
  const calls = {
    ledgerCallsPerRequest: 0.03,
    requests: 1000,
    junkRequests: 5000,
    kvReadsOfJunk: 0,
    ledgerCallsOfJunk: 1,
  };
  const results = { ...aResult({}), calls };
  expect(target(results, "junk keys, KV reads and ledger calls")).toMatchObject({
    measured: "0 and 1",
    isHeld: false,
  });
  expect(target(results, "ledger calls per request, 100 a second on one key")).toMatchObject({
    isHeld: true,
  });
});
