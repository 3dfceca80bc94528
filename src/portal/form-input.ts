/** What a sent form says, as the operations take it. A field that makes no sense is a problem, never a guess. */
import type { Refusal } from "../refusals.ts";

const SECOND_MS = 1000;
const DAY_SECONDS = 86_400;

/** What is wrong, by field. */
export type FieldProblems = Readonly<Record<string, string>>;

export const NO_PROBLEMS: FieldProblems = {};

/** What the operations found wrong with the input; null for any other refusal. */
export function problemsIn(refusal: Refusal): FieldProblems | null {
  return refusal.reason === "invalid_input" ? refusal.details : null;
}

/**
 * A time chosen from a list: `never`, a number of seconds from `now`, or `date` with the time given beside it, in UTC.
 * undefined: none that can be understood.
 */
export function chosenTime(choice: string, given: string, now: number): string | null | undefined {
  if (choice === "never") return null;
  if (choice === "date") return timeAt(given);
  return /^\d{1,9}$/.test(choice) ? new Date(now + Number(choice) * SECOND_MS).toISOString() : undefined;
}

export function daysInSeconds(days: string): string {
  return /^\d{1,5}$/.test(days) ? String(Number(days) * DAY_SECONDS) : days;
}

/** A day lasts until its end. */
function timeAt(given: string): string | undefined {
  const text = /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T23:59:59Z` : `${given}Z`;
  const unixMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(unixMs) ? undefined : new Date(unixMs).toISOString();
}
