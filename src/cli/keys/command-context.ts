// What every command begins with: the gateway it talks to, and how it prints.
//
// Guarantees that with --json standard output is one JSON document, the API's answer, and nothing else.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Command } from "commander";
import { PROJECT_DIRECTORY } from "../local-wrangler.ts";
import { controlToken, defaultActor } from "./connection.ts";
import { ControlPlane } from "./control-plane.ts";
import { UsageError } from "./errors.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  readonly url: string;
  readonly account?: string;
  readonly actor?: string;
  readonly json?: boolean;
}

export interface CommandContext {
  readonly gateway: ControlPlane;
  /** Prints the answer: as it is with --json, else as text. */
  print(answer: object, text: string): void;
}

export function commandContext(command: Command): CommandContext {
  const { url, account, actor, json } = command.optsWithGlobals<GlobalOptions>();
  if (account === undefined) throw new UsageError("name the account: --account or OCTOPOST_ACCOUNT");
  const token = controlToken(url, process.env, join(PROJECT_DIRECTORY, ".dev.vars"));
  return {
    gateway: new ControlPlane(url, account, token, actor ?? defaultActor()),
    print(answer, text) {
      process.stdout.write(json ? `${JSON.stringify(answer)}\n` : text);
    },
  };
}

/** A line for people beside the answer. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One per intent, so that a retry is known for one. */
export function freshIdempotencyKey(): string {
  return `cli-${randomUUID()}`;
}
