import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIsoTime } from "../../src/control/iso-time.ts";

const iso = (text: string) => {
  const unixMs = parseIsoTime(text);
  return unixMs === null ? null : new Date(unixMs).toISOString();
};

describe("a time", () => {
  test.each([
    ["2027-01-31T12:00:00Z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31T12:00Z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31t12:00:00z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31 12:00:00Z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31T12:00+02:00", "2027-01-31T10:00:00.000Z"],
    ["2027-01-31T12:00:30.5-0230", "2027-01-31T14:30:30.500Z"],
    ["2027-01-31T12:00:30,25+02", "2027-01-31T10:00:30.250Z"],
    ["2027-01-31T12:00:00.123456789Z", "2027-01-31T12:00:00.123Z"],
    ["2028-02-29T23:59:59-23:59", "2028-03-01T23:58:59.000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is %s", (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  test("is read like the platform reads it, for every moment that both can write", () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date("0001-01-01T00:00:00Z"),
          max: new Date("9999-12-31T23:59:59.999Z"),
          noInvalidDate: true,
        }),
        (date) => parseIsoTime(date.toISOString()) === date.getTime(),
      ),
    );
  });
});

test.each([
  "",
  "soon",
  "2027",
  "2027-01-31",
  "20270131T120000Z",
  "2027-01-31T12Z",
  "2027-01-31T12:00:00",
  "2027-02-30T12:00:00Z",
  "2027-02-29T12:00:00Z",
  "2027-00-10T12:00:00Z",
  "2027-13-01T12:00:00Z",
  "2027-01-32T12:00:00Z",
  "2027-01-31T24:00:00Z",
  "2027-01-31T12:60:00Z",
  "2027-01-31T12:00:60Z",
  "2027-01-31T12:00:00+24:00",
  "2027-01-31T12:00:00+02:60",
  "2027-01-31T12:00:00.1234567890Z",
  "0000-12-31T23:59:59Z",
  "0001-01-01T00:00:00+01:00",
  "9999-12-31T23:59:59-01:00",
  "+12027-01-31T12:00:00Z",
  " 2027-01-31T12:00:00Z",
  "2027-01-31T12:00:00Z\n",
])("%j is not a time", (text) => {
  expect(parseIsoTime(text)).toBeNull();
});
