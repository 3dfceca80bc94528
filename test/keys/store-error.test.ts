import { expect, test } from "vitest";
import { isUnavailable } from "../../src/keys/store-error.ts";
import { TimeLimitExceeded } from "../../src/keys/time-limit.ts";

const errorWith = (properties: object) => Object.assign(new Error("an error"), properties);

test.each<[string, unknown]>([
  ["a time limit", new TimeLimitExceeded()],
  ["an error of the platform without a property", new Error("internal error; reference = abc")],
  ["KV out of order", new Error("KV GET failed: 500 Internal Server Error")],
  ["KV over its limit", new Error("KV PUT failed: 429 Too Many Requests")],
  ["a lost connection", errorWith({ retryable: true })],
  ["a lost connection behind RPC", errorWith({ retryable: true, remote: true })],
  ["an overloaded object", errorWith({ overloaded: true, remote: true })],
  ["a reset object", errorWith({ durableObjectReset: true, remote: true })],
])("%s is an outage", (_, error) => {
  expect(isUnavailable(error)).toBe(true);
});

test.each<[string, unknown]>([
  ["an exception of the ledger's code", errorWith({ remote: true })],
  ["an exception that says it cannot be retried", errorWith({ remote: true, retryable: false })],
  ["a type error here", new TypeError("x is not a function")],
  ["a type error in the ledger", Object.assign(new TypeError("x is null"), { remote: true })],
  [
    "a call that KV refuses",
    new Error("KV GET failed: 414 UTF-8 encoded length of 1000 exceeds key length limit of 512."),
  ],
  [
    "another request's stub",
    new Error("Cannot perform I/O on behalf of a different request. (I/O type: OutgoingFactory)"),
  ],
  ["a range error", new RangeError("Invalid time value")],
  ["a thrown string", "overloaded"],
  ["nothing", undefined],
])("%s is a fault", (_, error) => {
  expect(isUnavailable(error)).toBe(false);
});
