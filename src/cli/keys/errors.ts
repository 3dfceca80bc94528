// How a command fails: the exit code, and what people read about it on stderr.
//
// Guarantees that every failure names its cause and what to do about it, and shows neither the token
// nor a key.

import { CommanderError } from "commander";
import { printable } from "./text-format.ts";

export const EXIT_REFUSED = 1;
export const EXIT_USAGE = 2;
export const EXIT_UNREACHABLE = 3;

export const EXIT_CODES = `
Exit codes:
  0  done
  1  refused by the gateway, or an import of which some lines failed
  2  wrong usage, or a confirmation not given; nothing was done
  3  the gateway cannot be reached, or what answers is no gateway`;

/** The command cannot be carried out as it was typed. Nothing was sent that changes anything. */
export class UsageError extends Error {}

/** A call to the gateway that did not do what was asked. */
export class CallError extends Error {
  /** For people: what is known of the outcome, or what to do now. */
  readonly notes: string[] = [];
}

/** `never_sent`: nothing was done. `answer_lost`: it may have been. `not_the_gateway`: somebody else answered. */
export type HowUnreachable = "never_sent" | "answer_lost" | "not_the_gateway";

export class UnreachableError extends CallError {
  readonly how: HowUnreachable;

  constructor(message: string, how: HowUnreachable) {
    super(message);
    this.how = how;
  }
}

/** The body of a refusal, as DESIGN has it. */
export interface RefusalBody {
  readonly error: string;
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export class RefusedError extends CallError {
  readonly status: number;
  readonly body: RefusalBody;
  readonly requestId: string | null;

  constructor(status: number, body: RefusalBody, requestId: string | null) {
    super(body.error);
    this.status = status;
    this.body = body;
    this.requestId = requestId;
  }
}

/** Some lines of an import failed; they have been reported. */
export class ImportIncompleteError extends Error {}

export function exitCodeOf(error: unknown): number | null {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof RefusedError || error instanceof ImportIncompleteError) return EXIT_REFUSED;
  if (error instanceof UnreachableError) return EXIT_UNREACHABLE;
  return null;
}

/** What to print on stderr, as lines; nothing for what has been printed already. */
export function describeError(error: unknown): string[] {
  if (error instanceof UsageError) return [`error: ${error.message}`];
  if (error instanceof ImportIncompleteError) return [error.message];
  if (error instanceof UnreachableError) return [`error: ${error.message}`, ...error.notes];
  if (error instanceof RefusedError) return [...describeRefusal(error), ...error.notes];
  return [];
}

function describeRefusal({ status, body, requestId }: RefusedError): string[] {
  const lines = [
    `error: refused by the gateway: ${status} ${printable(body.code)}: ${printable(body.error)}`,
  ];
  for (const [field, problem] of Object.entries(body.details ?? {})) {
    const text = typeof problem === "string" ? problem : JSON.stringify(problem);
    lines.push(`  ${printable(field)}: ${printable(text)}`);
  }
  if (requestId !== null) lines.push(`  request id: ${printable(requestId)}`);
  const hint = HINTS[status];
  if (hint !== undefined) lines.push(hint);
  return lines;
}

const HINTS: Readonly<Record<number, string>> = {
  401: "The control token is not the CONTROL_TOKEN of this gateway (npm start prints that of its own).",
  404: "This gateway knows no such key in this account, or the account has had none yet.",
};
