// The locator of an account: computed the same everywhere and for ever, since ledgers are named by it. The fixed values were
// computed with another implementation (Python's hashlib and integers).

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { base62Digits } from "../../src/keys/base62.ts";
import { accountLocator } from "../../src/keys/locator.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

describe("the locator of an account", () => {
  test.each([
    ["a", "e68GbkwjL0BCD485"],
    ["acct_1", "1rYMhjFEAlDNHaIl"],
    ["Z-_9".repeat(16), "KeZrrW0r4M3QVmcQ"],
    // A SHA-256 with leading zeros in base62.
    ["acct_173", "00BZToKS20k9pkqz"],
  ])("%s is %s", async (account, locator) => {
    expect(await accountLocator(account)).toBe(locator);
  });

  test("is the first 16 of the 43 base62 digits of a labelled SHA-256", async () => {
    for (let i = 0; i < 200; i++) {
      const digest = createHash("sha256").update(`octopost account locator v1:acct-${i}`).digest("hex");
      const number = BigInt(`0x${digest}`);
      const digits = Array.from(
        { length: 43 },
        (_, n) => BASE62[Number((number / 62n ** BigInt(42 - n)) % 62n)],
      );
      expect(await accountLocator(`acct-${i}`)).toBe(digits.slice(0, 16).join(""));
    }
  });

  test("differs between accounts, also those that differ in case or in a character", async () => {
    const accounts = ["acct_1", "ACCT_1", "acct_2", "acct-1", "acct_11", "1", "_", "-"];
    const locators = await Promise.all(accounts.map(accountLocator));
    expect(new Set(locators).size).toBe(accounts.length);
    for (const locator of locators) expect(locator).toMatch(/^[0-9A-Za-z]{16}$/);
  });
});

test.each([
  [0n, 3, "000"],
  [1n, 3, "001"],
  [61n, 1, "z"],
  [62n, 2, "10"],
  [10n + 35n * 62n + 36n * 3844n, 3, "aZA"],
  // Higher digits that do not fit are left out.
  [62n ** 3n + 5n, 3, "005"],
])("%i in %i base62 digits is %s", (number, length, digits) => {
  expect(base62Digits(number, length)).toBe(digits);
});
