/** Times as text. Pure: `now` in Unix milliseconds, other times ISO 8601, output in UTC. */
const LOCALE = "en-GB";

/**
 * Each unit with its milliseconds and the count from which the next unit is used. The script of the page has the same
 * table. Always numbers: “yesterday” for 34 hours ago would name the wrong day.
 */
export const TIME_UNITS = [
  ["minute", 60_000, 60],
  ["hour", 3_600_000, 48],
  ["day", 86_400_000, 60],
  ["month", 2_629_800_000, 24],
  ["year", 31_557_600_000, Number.MAX_SAFE_INTEGER],
] as const;

const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always" });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
const second = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

/** “3 minutes ago”, “in 6 days”. */
export function relativeTime(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  if (Math.abs(ms) < TIME_UNITS[0][1]) return ms > 0 ? "in a moment" : "just now";
  const [unit, unitMs] =
    TIME_UNITS.find(([, unitMs, max]) => Math.round(Math.abs(ms) / unitMs) < max) ?? TIME_UNITS[4];
  return relative.format(Math.round(ms / unitMs), unit);
}

/** “20 minutes”. */
export function formatDuration(ms: number): string {
  const [unit, unitMs] = TIME_UNITS.find(([, unitMs, max]) => Math.round(ms / unitMs) < max) ?? TIME_UNITS[4];
  const count = Math.max(1, Math.round(ms / unitMs));
  return `${count} ${count === 1 ? unit : `${unit}s`}`;
}

/** “24 Nov 2026”. */
export function formatDay(iso: string): string {
  return day.format(new Date(iso));
}

/** “24 Nov 2026, 06:40 UTC”. */
export function formatMinute(iso: string): string {
  return `${minute.format(new Date(iso))} UTC`;
}

/** “24 Nov 2026, 06:40:12 UTC”. */
export function formatSecond(iso: string): string {
  return `${second.format(new Date(iso))} UTC`;
}
