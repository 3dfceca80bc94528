/** Submitted form values in the form that `KeyOperations` takes. A value that cannot be read is a problem, never a guess. */
import type { Refusal } from "../refusals.ts";

const SECOND_MS = 1000;
const DAY_SECONDS = 86_400;

/** Problem texts by field name. */
export type FieldProblems = Readonly<Record<string, string>>;

export const NO_PROBLEMS: FieldProblems = {};

/** The problems that `KeyOperations` found in the input; null for any other refusal. */
export function problemsIn(refusal: Refusal): FieldProblems | null {
  return refusal.reason === "invalid_input" ? refusal.details : null;
}

/**
 * The time of a select field: `never` (null), a number of seconds after `now`, or `date` with the UTC time in the
 * field beside it. undefined: not readable.
 */
export function selectedTime(choice: string, date: string, now: number): string | null | undefined {
  if (choice === "never") return null;
  if (choice === "date") return parseDate(date);
  return /^\d{1,9}$/.test(choice) ? new Date(now + Number(choice) * SECOND_MS).toISOString() : undefined;
}

/** A number of days as seconds; any other choice unchanged. */
export function daysToSeconds(choice: string): string {
  return /^\d{1,5}$/.test(choice) ? String(Number(choice) * DAY_SECONDS) : choice;
}

/** A date without a time means the end of that day. */
function parseDate(date: string): string | undefined {
  const text = /^\d{4}-\d\d-\d\d$/.test(date) ? `${date}T23:59:59Z` : `${date}Z`;
  const unixMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(unixMs) ? undefined : new Date(unixMs).toISOString();
}
