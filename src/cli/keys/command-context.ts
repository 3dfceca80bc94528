// Created by every command that calls the gateway: the client, and the output.
//
// Guarantees that with --json standard output is one JSON document, the API's answer.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Command } from "commander";
import { PROJECT_DIRECTORY } from "../local-wrangler.ts";
import { paint } from "./colors.ts";
import { type ControlToken, controlToken, defaultActor } from "./connection.ts";
import { ControlPlaneClient } from "./control-plane-client.ts";
import { UsageError } from "./errors.ts";
import { proxyOf, useProxy } from "./proxy.ts";

/** The options of every command. */
export interface GlobalOptions {
  readonly url: string;
  readonly account?: string;
  readonly actor?: string;
  readonly json?: boolean;
}

export interface CommandContext {
  readonly gateway: ControlPlaneClient;
  /** undefined: standard output is not a terminal. */
  readonly terminalColumns: number | undefined;
  /** Prints the answer with --json, the text otherwise. */
  print(answer: object, text: string): void;
}

/** For the operations on an account. */
export function commandContext(command: Command): CommandContext {
  const { account } = command.optsWithGlobals<GlobalOptions>();
  if (account === undefined) throw new UsageError("no account: use --account or set OCTOPOST_ACCOUNT");
  return createContext(command, account, tokenFor(command));
}

/** For the operations on the gateway as a whole. */
export function gatewayContext(command: Command): CommandContext {
  return createContext(command, "", tokenFor(command));
}

/** For the operations on a key whose text is known: they need neither an account nor a control token. */
export function possessionContext(command: Command): CommandContext {
  return createContext(command, "", null);
}

function tokenFor(command: Command): ControlToken {
  const { url } = command.optsWithGlobals<GlobalOptions>();
  return controlToken(url, process.env, join(PROJECT_DIRECTORY, ".dev.vars"));
}

function createContext(command: Command, account: string, token: ControlToken | null): CommandContext {
  const { url, actor = defaultActor(), json } = command.optsWithGlobals<GlobalOptions>();
  const proxy = proxyOf(url, process.env);
  useProxy(proxy, process.env);
  return {
    gateway: new ControlPlaneClient({ origin: url, account, token, actor, proxy }),
    terminalColumns: process.stdout.isTTY ? process.stdout.columns : undefined,
    print(answer, text) {
      process.stdout.write(json ? `${JSON.stringify(answer)}\n` : text);
    },
  };
}

/** Prints a line for people to standard error. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The same; the word before the first colon is in red. */
export function printError(line: string): void {
  printNote(line.replace(/^error:/, (word) => paint("red", word, process.stderr)));
}

/** One per command, so that the gateway recognises its retries. */
export function freshIdempotencyKey(): string {
  return `cli-${randomUUID()}`;
}
