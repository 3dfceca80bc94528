/**
 * Invalid values, by type of field, each with its mistake. Data only.
 */

export type Values = readonly (readonly [what: string, value: unknown])[];

/** The field is absent. */
export const MISSING = ["missing", undefined] as const;

export const NOT_A_STRING: Values = [
  ["a number", 1],
  ["null", null],
  ["a list", ["x"]],
  ["an object", {}],
  ["a boolean", true],
];

export const textOf = (most: number): Values => [
  ...NOT_A_STRING,
  ["empty", ""],
  ["blank", " \t\n "],
  ["one character too long", "x".repeat(most + 1)],
  ["one emoji too long", "😀".repeat(most + 1)],
  ["a NUL in it", "a\u0000b"],
  ["a line end in it", "a\nb"],
  ["an escape character in it", "a\u001b[31mb"],
  ["a C1 control character in it", "a\u0085b"],
];
export const NAMES = textOf(100);

export const MODES: Values = [
  ["unknown", "both"],
  ["in capitals", "LIVE"],
  ["empty", ""],
  ["null", null],
  ["a list", ["live"]],
  ["a number", 1],
];

export const PERMISSIONS: Values = [
  ["null", null],
  ["one string", "posts:read"],
  ["an object", { "posts:read": true }],
];

export const PERMISSIONS_IN_A_LIST: Values = [
  ["an unknown one", ["posts:read", "posts:everything"]],
  ["one from the prototype", ["posts:read", "toString"]],
  ["one in capitals", ["posts:read", "POSTS:READ"]],
  ["a number", ["posts:read", 1]],
  ["null", ["posts:read", null]],
];

export const LIMITS: Values = [
  ["a tier's name", "pro"],
  ["a number", 100],
];

export const LIMITS_IN_AN_OBJECT: Values = [undefined, null, 0, -1, 1.5, "5", 1_000_000_001].map((value) => [
  String(value),
  { requests_per_minute: 100, publish_per_hour: value },
]);

export const NETWORK_LISTS: Values = [
  ["null", null],
  ["one string", "203.0.113.0/24"],
  ["51 networks", Array.from({ length: 51 }, (_, i) => `203.0.113.${i}`)],
];

export const NETWORKS_IN_A_LIST: Values = [
  "",
  "anywhere",
  "203.0.113.0/33",
  "203.0.113.0/-1",
  "203.0.113.0/024",
  "203.0.113.0/",
  "203.0.113/24",
  "203.0.113.256",
  "203.0.113.07",
  "203.0.113.7.",
  " 203.0.113.7",
  "0x7f.0.0.1",
  "2130706433",
  "2001:db8::/129",
  "2001:db8::1::",
  "2001:db8:::",
  "2001:db8::g",
  "[2001:db8::1]",
  "fe80::1%eth0",
  "::ffff:203.0.113.07",
  "1:2:3:4:5:6:7:8:9",
  "example.com",
].map((text) => [JSON.stringify(text), ["203.0.113.0/24", text]]);

export const LABELS: Values = [
  ["null", null],
  ["a string", "team"],
  ["a list", [["team", "billing"]]],
  ["21 labels", Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`label${i}`, "x"]))],
  ["an empty name", { "": "x" }],
  ["a name in capitals", { Team: "x" }],
  ["a name with a colon", { "a:b": "x" }],
  ["a name with a quote", { 'a"': "x" }],
  ["a name of 41 characters", { ["a".repeat(41)]: "x" }],
  ["a name that every object inherits", { constructor: "x" }],
  ["the name __proto__", JSON.parse('{"__proto__":"x"}')],
];

export const LABEL_TEXTS: Values = textOf(100)
  .filter(([what]) => what !== "empty" && what !== "blank")
  .map(([what, value]) => [what, { team: value }]);

export const TIMES: Values = [
  ["a number", 4_000_000_000],
  ["a boolean", true],
  ["a list", ["2099-01-01T00:00:00Z"]],
  ["empty", ""],
  ["a word", "never"],
  ["a date alone", "2099-01-01"],
  ["a time without a zone", "2099-01-01T00:00:00"],
  ["a month that does not exist", "2099-13-01T00:00:00Z"],
  ["a day that does not exist", "2099-02-30T00:00:00Z"],
  ["half a time zone", "2099-01-01T00:00:00+5"],
  ["the year 10000 in UTC", "9999-12-31T23:59:59-01:00"],
];
export const PAST_TIMES: Values = [
  ["in the past", "2020-01-01T00:00:00Z"],
  ["in the past, in another time zone", "2020-01-01T00:00:00+14:00"],
  ["in the year 0", "0000-01-01T00:00:00Z"],
];

export const NOT_AN_OBJECT: Values = [
  ["an empty list", []],
  ["a list", [{}]],
  ["null", null],
  ["a string", "text"],
  ["a number", 1],
  ["a boolean", true],
];

/** Names that may be a pasted secret: such a field is refused without being named. */
export const UNNAMEABLE_FIELDS = [
  `oct_live_${"aB3".repeat(12)}`,
  "0123456789abcdef".repeat(4),
  "correct-horse-battery-staple",
  "verylongwordwithoutdigitsorcapitals",
];
/** Fields of no call; every JavaScript object inherits the last one. */
export const UNKNOWN_FIELDS = ["unknown", "id", "secret", "constructor"];
