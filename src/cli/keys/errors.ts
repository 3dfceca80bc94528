// How a command fails: the exit code, and the text on standard error.
//
// Guarantees that every error names its cause and the next step, and contains neither the token nor a key.

import { CommanderError } from "commander";
import { printable } from "./text-format.ts";

export const EXIT_REFUSED = 1;
export const EXIT_USAGE = 2;
export const EXIT_UNREACHABLE = 3;

export const EXIT_CODES = `
Exit codes:
  0  success
  1  refused by the gateway, or some lines of an import failed
  2  usage error, or not confirmed; nothing was done
  3  the gateway cannot be reached, or another server answered`;

/** The command cannot be carried out as typed. No request that changes anything was sent. */
export class UsageError extends Error {}

/** A call to the gateway without the requested result. */
export class CallError extends Error {
  /** For people: the known outcome, or the next step. */
  readonly notes: string[] = [];
}

/** `never_sent`: nothing was done. `answer_lost`: it may have been done. `not_the_gateway`: another server answered. */
export type UnreachableKind = "never_sent" | "answer_lost" | "not_the_gateway";

export class UnreachableError extends CallError {
  readonly kind: UnreachableKind;

  constructor(message: string, kind: UnreachableKind) {
    super(message);
    this.kind = kind;
  }
}

/** The body of every refusal of the gateway. */
export interface RefusalBody {
  readonly error: string;
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export class RefusedError extends CallError {
  readonly status: number;
  readonly body: RefusalBody;
  readonly requestId: string | null;
  /** Where the control token is from; null: the key itself was the credential. */
  readonly tokenSource: string | null;

  constructor(status: number, body: RefusalBody, requestId: string | null, tokenSource: string | null) {
    super(body.error);
    this.status = status;
    this.body = body;
    this.requestId = requestId;
    this.tokenSource = tokenSource;
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

/** The lines for standard error; none for an error that commander has already printed. */
export function describeError(error: unknown): string[] {
  if (error instanceof UsageError) return [`error: ${error.message}`];
  if (error instanceof ImportIncompleteError) return [error.message];
  if (error instanceof UnreachableError) return [`error: ${error.message}`, ...error.notes];
  if (error instanceof RefusedError) return [...describeRefusal(error), ...error.notes];
  return [];
}

function describeRefusal(refused: RefusedError): string[] {
  const { status, body, requestId } = refused;
  const lines = [
    `error: refused by the gateway: ${status} ${printable(body.code)}: ${printable(body.error)}`,
  ];
  for (const [field, problem] of Object.entries(body.details ?? {})) {
    const text = typeof problem === "string" ? problem : JSON.stringify(problem);
    lines.push(`  ${printable(field)}: ${printable(text)}`);
  }
  if (requestId !== null) lines.push(`  request id: ${printable(requestId)}`);
  const hint = refused.tokenSource === null ? KEY_HINTS[status] : tokenHint(refused, refused.tokenSource);
  if (hint !== undefined) lines.push(hint);
  return lines;
}

function tokenHint({ status, body }: RefusedError, source: string): string | undefined {
  switch (status) {
    case 401:
      return `The token in ${source} is not valid at this gateway. Set OCTOPOST_CONTROL_TOKEN to its CONTROL_TOKEN (npm start prints the one of its gateway), or to the token of an entry of its CONTROL_CREDENTIALS.`;
    case 403: {
      const right = printable(String(body.details?.required_right ?? "for this call"));
      return `The credential whose token is in ${source} does not have the right ${right}. Use another credential, or add the right to "may" of its entry in CONTROL_CREDENTIALS.`;
    }
    case 404:
      return "Check --account and the id (the list command shows ids). An account exists from its first key on. A credential with accounts of its own gets 404 for every other account.";
    default:
      return undefined;
  }
}

const KEY_HINTS: Readonly<Record<number, string>> = {
  404: "No key of this gateway has this text. Was the key issued by another gateway (--url)?",
  429: "Wait a minute, then run the same command again.",
};
