/** Times as text. Pure: `now` in Unix milliseconds, other times ISO 8601, output in UTC. */
const LOCALE = "en-GB";
const UNITS = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
const second = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

/** “3 minutes ago”, “in 6 days”. */
export function relativeTime(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  const unit = UNITS.find(([, unitMs]) => Math.abs(ms) >= unitMs);
  return unit ? relative.format(Math.round(ms / unit[1]), unit[0]) : ms > 0 ? "in a moment" : "just now";
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
