// The key as text. Expected values are computed with node:crypto, or pinned: an issued key must stay valid after every
// change of the code.

import { createHash, createHmac } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  hashKey,
  keyHint,
  locatorOf,
  looksLikeKey,
  mintKey,
  mintKeyId,
  pepperOf,
} from "../../src/keys/key-text.ts";
import { accountLocator } from "../../src/keys/locator.ts";

const PEPPER = "a pepper for tests, 32 bytes long";
const OLD_PEPPER = "the pepper before, also long enough";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ACCOUNT = "acct_1";
const START = "oct_live_0123456789abcdefghijABCDEFGHIJ0123456789";
const KEY = START + checkOf(START, PEPPER);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("minting", () => {
  test.each(["live", "test"] as const)("makes a %s key of the documented format", async (mode) => {
    const key = await mintKey(mode, ACCOUNT, PEPPER);
    expect(key).toMatch(new RegExp(`^oct_${mode}_[0-9A-Za-z]{46}$`));
    expect(looksLikeKey(key)).toBe(true);
    expect(await pepperOf(key, [PEPPER])).toBe(PEPPER);
  });

  test("ends a key with the keyed checksum of the text before it", async () => {
    const key = await mintKey("test", ACCOUNT, PEPPER);
    expect(key.slice(-6)).toBe(checkOf(key.slice(0, -6), PEPPER));
  });

  test("names the ledger of the key's account", async () => {
    const [key, other] = [await mintKey("live", ACCOUNT, PEPPER), await mintKey("test", "acct_2", PEPPER)];
    expect(locatorOf(key)).toBe(await accountLocator(ACCOUNT));
    expect(locatorOf(other)).toBe(await accountLocator("acct_2"));
    expect(locatorOf(key)).not.toBe(locatorOf(other));
  });

  test("makes a key id of 22 base62 characters", () => {
    expect(mintKeyId()).toMatch(/^key_[0-9A-Za-z]{22}$/);
  });

  test("never makes the same key or id twice", async () => {
    const keys = await Promise.all(Array.from({ length: 100 }, () => mintKey("live", ACCOUNT, PEPPER)));
    expect(new Set(keys.map((key) => key.slice(25, 49))).size).toBe(100);
    expect(new Set(Array.from({ length: 100 }, mintKeyId)).size).toBe(100);
  });

  test("uses every character with equal probability", async () => {
    const keys = await Promise.all(Array.from({ length: 1500 }, () => mintKey("live", ACCOUNT, PEPPER)));
    const ids = Array.from({ length: 1500 }, mintKeyId);
    expect(chiSquare(keys.map((key) => key.slice(25, 49)).join(""))).toBeLessThan(CHI_SQUARE_LIMIT);
    expect(chiSquare(keys.map((key) => key.slice(49)).join(""))).toBeLessThan(CHI_SQUARE_LIMIT);
    expect(chiSquare(ids.map((id) => id.slice(4)).join(""))).toBeLessThan(CHI_SQUARE_LIMIT);
  });

  test("draws again for random bytes that would bias the alphabet", () => {
    const draws = [
      [...Array(21).fill(248), 0],
      [255, 247, ...Array(20).fill(10)],
    ];
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      (array as Uint8Array).set(draws.shift() ?? []);
      return array;
    });
    expect(mintKeyId()).toBe(`key_0z${"A".repeat(20)}`);
  });
});

describe("a key made under a pepper", () => {
  test("has a right checksum under that pepper", async () => {
    expect(await pepperOf(KEY, [PEPPER])).toBe(PEPPER);
  });

  test("has a right checksum under the previous pepper", async () => {
    expect(await pepperOf(KEY, ["a new pepper", PEPPER])).toBe(PEPPER);
  });

  test("has a wrong checksum under other peppers", async () => {
    expect(await pepperOf(KEY, [OLD_PEPPER, "a new pepper"])).toBeNull();
    expect(await pepperOf(KEY, [])).toBeNull();
  });

  test("stays valid: pinned in 2026", async () => {
    const issued = "oct_live_0123456789abcdefghijABCDEFGHIJ0123456789URFJQT";
    expect(await pepperOf(issued, [PEPPER])).toBe(PEPPER);
    expect(await hashKey(issued, PEPPER)).toBe(
      "1460a3ce033175492e50d374a3e24bf516a4db7769da6b5ef29e00467a89fad2",
    );
  });

  test("has a wrong checksum when its mode was changed", async () => {
    expect(await pepperOf(KEY.replace("oct_live_", "oct_test_"), [PEPPER])).toBeNull();
  });

  test("has a wrong checksum with any one character altered", async () => {
    for (let position = 0; position < KEY.length; position++) {
      for (const other of BASE62.replace(KEY.charAt(position), "")) {
        const altered = KEY.slice(0, position) + other + KEY.slice(position + 1);
        const recognised = looksLikeKey(altered) && (await pepperOf(altered, [PEPPER])) !== null;
        expect(recognised, altered).toBe(false);
      }
    }
  });

  test("has a wrong checksum with two adjacent characters exchanged", async () => {
    for (let position = 9; position < KEY.length - 1; position++) {
      const [first, second] = [KEY.charAt(position), KEY.charAt(position + 1)];
      if (first === second) continue;
      const altered = KEY.slice(0, position) + second + first + KEY.slice(position + 2);
      expect(await pepperOf(altered, [PEPPER]), altered).toBeNull();
    }
  });
});

describe("at rest", () => {
  test("a key is the HMAC-SHA-256 of its SHA-256 under the pepper", async () => {
    const digest = createHash("sha256").update(KEY).digest();
    expect(await hashKey(KEY, PEPPER)).toBe(createHmac("sha256", PEPPER).update(digest).digest("hex"));
  });

  test("its hash has 64 hex digits, and differs by key and by pepper", async () => {
    const hashes = [
      await hashKey(KEY, PEPPER),
      await hashKey(KEY, OLD_PEPPER),
      await hashKey(KEY.replace("oct_live_", "oct_test_"), PEPPER),
      await hashKey("", PEPPER),
    ];
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

test("the hint shows the prefix and the last four characters", () => {
  expect(keyHint(KEY)).toBe(`oct_live_…${KEY.slice(-4)}`);
  expect(keyHint(KEY.replace("oct_live_", "oct_test_"))).toBe(`oct_test_…${KEY.slice(-4)}`);
});

describe("a text that does not look like a key", () => {
  const random = KEY.slice(9);
  test.each([
    ["nothing", ""],
    ["a prefix alone", "oct_live_"],
    ["another prefix", `oct_prod_${random}`],
    ["no prefix", random],
    ["a prefix in capitals", `OCT_LIVE_${random}`],
    ["hyphens for underscores", `oct-live-${random}`],
    ["a prefix before the prefix", `x${KEY}`],
    ["one character too few", KEY.slice(0, -1)],
    ["one character too many", `${KEY}0`],
    ["two keys", KEY + KEY],
    ["a space before", ` ${KEY}`],
    ["a space after", `${KEY} `],
    ["a line end after", `${KEY}\n`],
    ["a line before", `x\n${KEY}`],
    ["a NUL at the end", `${KEY.slice(0, -1)}\0`],
    ["a NUL after", `${KEY}\0`],
    ["a hyphen", `${KEY.slice(0, -1)}-`],
    ["an underscore", `${KEY.slice(0, -1)}_`],
    ["a plus sign", `${KEY.slice(0, -1)}+`],
    ["a percent-encoded character", `${KEY.slice(0, -3)}%41`],
    ["a letter beyond ASCII", `${KEY.slice(0, -1)}é`],
    ["a Cyrillic letter that looks Latin", `${KEY.slice(0, -1)}\u0430`],
    ["a full-width digit", `${KEY.slice(0, -1)}\uff11`],
    ["half of a surrogate pair", `${KEY.slice(0, -1)}\ud83d`],
    ["a million characters", `oct_live_${"a".repeat(1_000_000)}`],
  ])("%s", (_, text) => {
    expect(looksLikeKey(text)).toBe(false);
  });

  test.each([
    ["nothing", ""],
    ["less than a check", "abc"],
    ["a check alone", KEY.slice(-6)],
    ["a key that was cut short", KEY.slice(0, -1)],
    ["text beyond ASCII", "é".repeat(45)],
  ])("has a wrong checksum too: %s", async (_, text) => {
    expect(await pepperOf(text, [PEPPER])).toBeNull();
  });
});

/** 61 degrees of freedom: exceeded by chance less than once in a billion runs; `byte % 62` gives over 200. */
const CHI_SQUARE_LIMIT = 160;

function chiSquare(text: string): number {
  const counts = new Map([...BASE62].map((character) => [character, 0]));
  for (const character of text) counts.set(character, (counts.get(character) ?? Number.NaN) + 1);
  const expected = text.length / BASE62.length;
  return [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The keyed checksum with node:crypto: the first 64 bits, base62, highest digit first. */
function checkOf(start: string, pepper: string): string {
  const mac = createHmac("sha256", pepper).update(`octopost api key check v1:${start}`).digest();
  const number = BigInt(`0x${mac.subarray(0, 8).toString("hex")}`);
  return Array.from({ length: 6 }, (_, i) => BASE62[Number((number / 62n ** BigInt(5 - i)) % 62n)]).join("");
}
