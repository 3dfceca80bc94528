/**
 * Which texts are times: ISO 8601 with a zone, in every form that RFC 3339 allows too. Pure.
 *
 * Guarantees that a text is either a time that exists and has a year of four digits, or null. `Date.parse` alone reads
 * 30 February as 2 March, and reads a time without a zone in the zone of the machine.
 */
import { LAST_TIME_MS } from "../keys/timestamp.ts";

const TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?)$/;
const MINUTE_MS = 60_000;

/** Unix milliseconds; null: not a time. */
export function parseIsoTime(text: string): number | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] = match;
  const field = (digits: string | undefined) => Number(digits ?? 0);
  if (field(hour) > 23 || field(minute) > 59 || field(second) > 59) return null;
  if (field(offsetHour) > 23 || field(offsetMinute) > 59) return null;
  const date = new Date(0);
  // Unlike Date.UTC, it does not read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(field(year), field(month) - 1, field(day));
  if (date.getUTCMonth() !== field(month) - 1 || date.getUTCDate() !== field(day)) return null;
  date.setUTCHours(
    field(hour),
    field(minute),
    field(second),
    Math.trunc(Number(`0.${fraction ?? 0}`) * 1000),
  );
  const offset = (field(offsetHour) * 60 + field(offsetMinute)) * MINUTE_MS;
  const unixMs = date.getTime() - (sign === "-" ? -offset : offset);
  return unixMs >= Date.parse("0001-01-01T00:00:00Z") && unixMs <= LAST_TIME_MS ? unixMs : null;
}
