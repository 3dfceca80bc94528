/** Points in time as text: ISO 8601 in UTC outside, Unix milliseconds inside. */
import * as v from "valibot";

export const timestampSchema = v.pipe(v.string(), v.isoTimestamp());

/** The last moment that has a year of four digits, as every time outside must. Unix milliseconds. */
export const LAST_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

export function isoTimeOrNull(unixMs: number | null): string | null {
  return unixMs === null ? null : isoTime(unixMs);
}

export function unixMsOrNull(isoTime: string | null): number | null {
  return isoTime === null ? null : Date.parse(isoTime);
}
