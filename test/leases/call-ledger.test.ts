import { expect, test } from "vitest";
import { TimeLimitExceeded } from "../../src/keys/time-limit.ts";
import { isLedgerUnavailable } from "../../src/leases/call-ledger.ts";

const errorWith = (properties: object) => Object.assign(new Error("an error"), properties);

test.each<[string, unknown]>([
  ["a time limit", new TimeLimitExceeded()],
  ["an error of the platform without a property", new Error("internal error; reference = abc")],
  ["a lost connection", errorWith({ retryable: true })],
  ["a lost connection behind RPC", errorWith({ retryable: true, remote: true })],
  ["an overloaded object", errorWith({ overloaded: true, remote: true })],
  ["a reset object", errorWith({ durableObjectReset: true, remote: true })],
])("%s is an unavailable ledger", (_, error) => {
  expect(isLedgerUnavailable(error)).toBe(true);
});

test.each<[string, unknown]>([
  ["an exception of the ledger's code", errorWith({ remote: true })],
  ["an exception that says it cannot be retried", errorWith({ remote: true, retryable: false })],
  ["a type error here", new TypeError("x is not a function")],
  ["a type error in the ledger", Object.assign(new TypeError("x is null"), { remote: true })],
  ["a range error", new RangeError("Invalid time value")],
  ["a thrown string", "overloaded"],
  ["nothing", undefined],
])("%s is a fault", (_, error) => {
  expect(isLedgerUnavailable(error)).toBe(false);
});
