// The digests, compared with node:crypto, and the comparison that reveals nothing.

import { createHash, createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  base64url,
  equalInConstantTime,
  firstUnderPeppers,
  fromBase64,
  hex,
  hmacSha256,
  isSameSecret,
  sha256,
} from "../../src/keys/digests.ts";

const TEXTS = ["", "a", "oct_live_é…", "x".repeat(1000)];

describe("digests", () => {
  test.each(TEXTS)("are those of node:crypto: %j", async (text) => {
    expect(hex(await sha256(text))).toBe(createHash("sha256").update(text).digest("hex"));
    expect(base64url(await hmacSha256("secret", text))).toBe(
      createHmac("sha256", "secret").update(text).digest("base64url"),
    );
  });

  test("stay right when more secrets are in use than are remembered", async () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 40; i++) {
        const expected = createHmac("sha256", `secret ${i}`).update("message").digest("hex");
        expect(hex(await hmacSha256(`secret ${i}`, "message"))).toBe(expected);
      }
    }
  });

  test("are read from base64 and base64url, padded or not", () => {
    for (let length = 0; length < 64; length++) {
      const bytes = randomBytes(length);
      for (const encoding of ["base64", "base64url"] as const) {
        expect(hex(fromBase64(bytes.toString(encoding)))).toBe(bytes.toString("hex"));
      }
      expect(base64url(bytes)).toBe(bytes.toString("base64url"));
    }
  });
});

test("two texts are equal when they are the same, and only then", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (a, b) => {
      for (const [left, right] of [
        [a, b],
        [a, a],
        [a, `${a}\0`],
        [`${a}\0`, a],
      ] as const) {
        expect(equalInConstantTime(left, right)).toBe(left === right);
        expect(await isSameSecret(left, right)).toBe(left === right);
      }
    }),
  );
});

describe("peppers", () => {
  test("are tried in order until one has a result", async () => {
    const tried: string[] = [];
    const attempt = async (pepper: string) => {
      tried.push(pepper);
      return pepper === "previous" ? 0 : null;
    };
    expect(await firstUnderPeppers(["current", "previous", "never"], attempt)).toBe(0);
    expect(tried).toEqual(["current", "previous"]);
    expect(await firstUnderPeppers(["current"], attempt)).toBeNull();
  });
});
