// Parsers of option values, from text to the API's types. Pure, except that `now` defaults to the clock.
//
// Guarantees that a time without a zone, a date that does not exist and an unknown permission are refused, with the
// allowed values. Whether a time has passed is decided by the gateway.

import { InvalidArgumentError } from "commander";
import { OVERLAP_MAX_SECONDS } from "../../control/control-input.ts";
import { parseIsoTime } from "../../control/iso-time.ts";
import { HEADER_TEXT } from "../../http/header-text.ts";
import { ACCOUNT_FORMAT, KEY_ID_FORMAT } from "../../keys/key-record.ts";
import { PERMISSIONS, type Permission } from "../../policy.ts";
import type { OwnLimits } from "../../rate-limits.ts";
import { UsageError } from "./errors.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DURATION = /^(\d{1,9})([smhdw])$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** `2027-01-31`, `2027-01-31T12:00:00Z`, or `90d` from now. */
export function timeAhead(text: string, now = Date.now()): string {
  return momentOf(text, now, 1);
}

/** The same, with `90d` in the past. */
export function timeAgo(text: string, now = Date.now()): string {
  return momentOf(text, now, -1);
}

/** Like `timeAhead`, or `never`. */
export function timeAheadOrNever(text: string, now = Date.now()): string | null {
  return text === "never" ? null : timeAhead(text, now);
}

function momentOf(text: string, now: number, direction: 1 | -1): string {
  const seconds = durationSeconds(text);
  const time = seconds === null ? isoTime(text) : now + direction * seconds * 1000;
  const moment = new Date(time);
  if (Number.isNaN(moment.getTime())) {
    throw new InvalidArgumentError(
      "Use a time with its zone (2027-01-31T12:00:00Z), a date (2027-01-31, midnight UTC) or a duration (90d, 12h, 30m).",
    );
  }
  return moment.toISOString();
}

function isoTime(text: string): number {
  return parseIsoTime(DATE.test(text) ? `${text}T00:00Z` : text) ?? Number.NaN;
}

function durationSeconds(text: string): number | null {
  const [, number, unit] = DURATION.exec(text) ?? [];
  return number === undefined || unit === undefined ? null : Number(number) * (UNIT_SECONDS[unit] ?? 0);
}

/** `7d`, or a plain number of seconds. */
export function overlapSeconds(text: string): number {
  const seconds = durationSeconds(text) ?? (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN);
  if (Number.isNaN(seconds) || seconds > OVERLAP_MAX_SECONDS) {
    throw new InvalidArgumentError("Use seconds or a duration (7d, 12h), at most 30d.");
  }
  return seconds;
}

export function permissionList(text: string): Permission[] {
  const list = text.split(",").map((part) => part.trim());
  const isKnown = (one: string) => Object.hasOwn(PERMISSIONS, one);
  if (!list.every(isKnown) || new Set(list).size !== list.length) {
    throw new InvalidArgumentError(
      `Use one or more of these, each once, separated by commas: ${Object.keys(PERMISSIONS).join(", ")}. Leave it out for full access.`,
    );
  }
  return list as Permission[];
}

/** Networks, separated by commas; `anywhere`: none. The gateway checks each. */
export function networkList(text: string): string[] {
  return text === "anywhere" ? [] : text.split(",").map((part) => part.trim());
}

/** `600,120`: requests a minute, publishes an hour; or `tier`. The gateway checks the numbers. */
export function keyLimits(text: string): OwnLimits | "tier" {
  return text === "tier" ? text : parseLimits(text, "tier");
}

/** The same, or `none`. */
export function accountLimits(text: string): OwnLimits | "none" {
  return text === "none" ? text : parseLimits(text, "none");
}

function parseLimits(text: string, none: string): OwnLimits {
  const numbers = text.split(",").map((part) => wholeNumber(part.trim()));
  const [requests_per_minute, publish_per_hour] = numbers;
  if (numbers.length !== 2 || requests_per_minute === undefined || publish_per_hour === undefined)
    throw new InvalidArgumentError(
      `Use requests a minute and publishes an hour, such as 600,120, or ${none}.`,
    );
  return { requests_per_minute, publish_per_hour };
}

/** Collects `name=value` of an option that may be repeated. */
export function addLabel(
  text: string,
  labels: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const end = text.indexOf("=");
  if (end < 1) throw new InvalidArgumentError("Use name=value, such as team=billing.");
  return { ...labels, [text.slice(0, end)]: text.slice(end + 1) };
}

/** `name=value`, in the form of the API's filter. */
export function labelFilter(text: string): string {
  const [[name, value] = []] = Object.entries(addLabel(text));
  return `${name}:${value}`;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Use a whole number from 1 up.");
  return Number(text);
}

export function accountName(text: string): string {
  if (!ACCOUNT_FORMAT.test(text)) {
    throw new InvalidArgumentError("An account has 1 to 64 letters, digits, _ or -.");
  }
  return text;
}

export function headerText(text: string): string {
  if (!HEADER_TEXT.test(text) || text.length > 100) {
    throw new InvalidArgumentError("Use 1 to 100 printable ASCII characters.");
  }
  return text;
}

/** The error does not repeat the text, which may be the key itself. */
export function keyId(text: string): string {
  if (KEY_ID_FORMAT.test(text)) return text;
  if (/^oct_(live|test)_/.test(text)) {
    throw new UsageError(
      "this is the key itself, not its id, which begins with key_: pipe the key to find, or to revoke --secret-stdin",
    );
  }
  throw new UsageError("a key's id is key_ and 22 letters or digits (see the list command)");
}
