/** Random values of the control plane's fields, valid and invalid ones: many of the characters that are special there. */
import fc from "fast-check";
import { PERMISSIONS } from "../../../src/policy.ts";
import { TIMES } from "./control-oracle.ts";

/** Occurs in values only, so a refusal that repeats one has it. */
export const MARK = "Zq7";

const piece = fc.constantFrom(
  ...[
    "a",
    "Z",
    " ",
    "é",
    "😀",
    "\u0000",
    "\u001b[2J",
    "\u009b",
    "\u2028",
    "\u202e",
    "\u2069",
    "\ud800",
    "\n",
  ],
  ...["oct_live_", "oct_test_", "0123456789abcdefghijX", "<b>", '"}', "\ufeff", "x".repeat(99), MARK],
);
export const text = fc.oneof(
  { weight: 3, arbitrary: fc.array(piece, { maxLength: 6 }).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
export const other = fc.oneof(
  fc.constantFrom(null, 0, -1, 1.5, true, "", [], {}, [null], { a: MARK }, 1e300),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Half of the values are of the field's own kind. */
export const mostly = <T>(own: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: own }, { weight: 1, arbitrary: other });

const permissions = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...Object.keys(PERMISSIONS)) },
    { weight: 1, arbitrary: fc.constantFrom("toString", "__proto__", "POSTS:READ", `posts:${MARK}`) },
  ),
  { maxLength: 3 },
);
const network = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("203.0.113.7/24", "203.0.113.0/24", "2001:DB8::1/32", "::ffff:10.0.0.1"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "0203.0.113.7",
      "10.0.0.0/33",
      "10.0.0.0/08",
      "1::/129",
      "fe80::1%a",
      MARK,
      "10.0.0.0/8/8",
    ),
  },
);
const count = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 1_000_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0.5, "5", null, 1_000_000_001) },
);
const limits = fc.oneof(
  fc.constant(null),
  fc.record({ requests_per_minute: count, publish_per_hour: count }),
  fc.record({ requests_per_minute: count }),
);
const labelName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("team", "cost.center", "z-9_x") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("constructor", "__proto__", "Team", "", "9a", "a".repeat(41), MARK),
  },
);
const labels = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(fc.tuple(labelName, mostly(text)), { maxLength: 4 }) },
    {
      weight: 1,
      arbitrary: fc.constant(Array.from({ length: 21 }, (_, i): [string, unknown] => [`label${i}`, ""])),
    },
  )
  .map(fromEntries);
const time = fc.oneof(fc.constantFrom(...TIMES.keys(), null), fc.constant("2099-01-31T12:00:00Z"));

export const change = fc.record(
  {
    name: mostly(text),
    permissions: mostly(permissions),
    allowed_ips: mostly(fc.array(network, { maxLength: 4 })),
    limits: mostly(limits),
    expires_at: mostly(time),
    revokes_at: mostly(time),
    labels: mostly(labels),
    unknown: fc.constant(MARK),
  },
  { requiredKeys: [] },
);

/** `__proto__` too is a property of its own, as in parsed JSON. */
function fromEntries(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of entries)
    Object.defineProperty(result, name, { value, enumerable: true, configurable: true, writable: true });
  return result;
}
