/**
 * Compares the input of the control plane with an oracle (control-oracle.ts): random changes of keys, labels, rows of an
 * import, and settings of the receiver of events.
 *
 * Promise: exactly what is valid is accepted, a refusal names the invalid fields and repeats no value, and what is
 * accepted is in canonical form. A failure prints the seed to replay.
 */
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { check } from "../../../src/control/check-input.ts";
import { checkRows } from "../../../src/control/operations/import-rows.ts";
import { changeKey } from "../../../src/control/operations/keys.ts";
import { isRefusal } from "../../../src/refusals.ts";
import { address } from "../../../src/setting-formats.ts";
import { eventsSecret } from "../../../src/webhook-settings.ts";
import { IS_WHOLE } from "../share.ts";
import { type ImportedRow, importedRows, invalidFields } from "./control-oracle.ts";
import { change, MARK, mostly, other, text } from "./control-values.ts";

const RUNS = IS_WHOLE ? 20_000 : 500;
const NOW = Date.parse("2026-11-29T00:00:00Z");
function rootsOf(details: Readonly<Record<string, string>>): string[] {
  return [...new Set(Object.keys(details).map((name) => name.split(".")[0] ?? ""))].sort();
}

test("a change of a key is refused for exactly its invalid fields, and no value is repeated", () => {
  const { body } = changeKey;
  if (body === undefined) throw new Error("the operation has a body");
  fc.assert(
    fc.property(change, (input) => {
      const result = check(body, input, "body");
      const invalid = invalidFields(input);
      if (Object.keys(input).length === 0) expect(isRefusal(result)).toBe(true);
      else if (!isRefusal(result)) {
        expect(invalid).toEqual([]);
        expect(check(body, result, "body")).toEqual(result);
      } else {
        const details = result.reason === "invalid_input" ? result.details : {};
        expect(rootsOf(details)).toEqual(invalid.sort());
        expect(JSON.stringify(details)).not.toContain(MARK);
      }
      expect(({} as Record<string, unknown>).a).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
});

describe("rows of an import", () => {
  const digest = fc.constantFrom(
    ...["0a".repeat(32), "0A".repeat(32), Buffer.alloc(32, 10).toString("base64")],
    ...[Buffer.alloc(32, 10).toString("base64url"), Buffer.alloc(32, 0xfb).toString("base64")],
    ...[Buffer.alloc(32, 0xfb).toString("base64url"), "fb".repeat(32)],
  );
  const wrongDigest = fc.constantFrom(
    "0a".repeat(31),
    "zz".repeat(32),
    "",
    `${"A".repeat(43)}==`,
    "A".repeat(44),
    MARK,
  );
  const row: fc.Arbitrary<ImportedRow> = fc.record(
    {
      sha256: fc.oneof({ weight: 19, arbitrary: digest }, { weight: 1, arbitrary: wrongDigest }),
      name: fc.oneof(
        { weight: 19, arbitrary: fc.constantFrom("a", " a ", "b") },
        { weight: 1, arbitrary: mostly(text) },
      ),
      mode: fc.oneof(
        { weight: 19, arbitrary: fc.constantFrom("live", "test") },
        { weight: 1, arbitrary: other },
      ),
      permissions: fc.constantFrom([], ["posts:read", "posts:write"], ["posts:write", "posts:read"]),
      created_at: fc.constantFrom(null, "2020-02-29T00:00:00.5Z", "2099-01-31T12:00:00Z"),
      expires_at: fc.constantFrom(null, null, "2099-01-31T12:00:00Z", "2099-01-31T14:00:00+02:00", "never"),
    },
    { requiredKeys: ["sha256", "name", "mode"] },
  );

  test("are refused exactly if they are invalid or another row contradicts them, in any order", () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
        const imported = importedRows(rows, NOW);
        const checked = checkRows(rows, NOW);
        expect(checked.map((one) => !isRefusal(one))).toEqual(imported);
        expect(checkRows(rows.toReversed(), NOW).map((one) => !isRefusal(one))).toEqual(
          imported.toReversed(),
        );
        for (const one of checked) if (isRefusal(one)) expect(JSON.stringify(one)).not.toContain(MARK);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("settings of the receiver of events", () => {
  const part = fc.constantFrom(
    ...[
      "http:",
      "https:",
      "ftp:",
      "//",
      "/",
      "\\",
      "@",
      ":",
      "#",
      "?",
      "%2f",
      "\t",
      ".",
      "[",
      "]",
      "::1",
      "::",
    ],
    ...[
      "localhost",
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0177.0.0.1",
      "0.0.0.0",
      "hooks.example",
      "user",
      "8443",
    ],
  );
  const url = fc.oneof(
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
    fc
      .tuple(fc.constantFrom("http://", "https://"), fc.array(part, { maxLength: 5 }))
      .map(([a, b]) => a + b.join("")),
  );

  test("a URL has no credentials and no fragment, plain HTTP is to loopback, and every parser reads it alike", () => {
    fc.assert(
      fc.property(url, (text) => {
        const { success, output } = v.safeParse(address, text);
        if (!success) return;
        const { protocol, hostname, username, password, hash, href } = new URL(output);
        expect([href, username, password, hash]).toEqual([output, "", "", ""]);
        const isLocal = hostname === "localhost" || hostname === "[::1]" || hostname.split(".")[0] === "127";
        expect(
          protocol === "https:" || (protocol === "http:" && isLocal && !/[a-z]\./.test(hostname)),
          text,
        ).toBe(true);
        expect(new Request(output).url).toBe(output);
      }),
      { numRuns: RUNS },
    );
  });

  test("a secret is one or two of 24 to 64 bytes, in Base64", () => {
    const secret = fc
      .uint8Array({ minLength: 20, maxLength: 70 })
      .map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`);
    const noise = fc.constantFrom("", "", "", " ", "=", "whsec_", "\n", "-");
    const secrets = fc.tuple(fc.array(secret, { minLength: 1, maxLength: 3 }), noise);
    fc.assert(
      fc.property(secrets, ([list, end]) => {
        const text = list.join(" ") + end;
        const { success, output } = v.safeParse(eventsSecret, text);
        const sizes = list.map((one) => Buffer.from(one.slice("whsec_".length), "base64").length);
        const isValid = end === "" && list.length <= 2 && sizes.every((size) => size >= 24 && size <= 64);
        expect(success, text).toBe(isValid);
        if (success)
          expect(output.map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`)).toEqual(list);
      }),
      { numRuns: RUNS },
    );
  });
});
