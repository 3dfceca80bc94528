// create, rotate: the commands that hand out a new key.
//
// Guarantees that a lost answer never makes a second key, and that the key is printed once, on standard
// output, with the warning to copy it now on standard error.

import { type Command, Option } from "commander";
import type { Operation } from "../../control/operation.ts";
import { createKey, rotateKey } from "../../control/operations/keys.ts";
import type { RotatedKey } from "../../keys/api-key.ts";
import { scheduledEnd } from "../../keys/key-state.ts";
import { commandContext, freshIdempotencyKey, printNote } from "./command-context.ts";
import type { CallInput, ControlPlane } from "./control-plane.ts";
import { CallError } from "./errors.ts";
import { COPY_IT_NOW, keyInWords, newKey } from "./key-format.ts";
import { headerText, keyId, overlapSeconds, permissionList, timeAhead } from "./option-parsers.ts";
import { confirm, requireSomebodyToAsk, yesOption } from "./prompts.ts";
import { fetchKey } from "./read-commands.ts";
import { printable, readableTime } from "./text-format.ts";

interface CreateOptions {
  readonly name: string;
  readonly mode: string;
  readonly permissions?: readonly string[];
  readonly expires?: string;
  readonly idempotencyKey?: string;
}

interface RotateOptions {
  readonly overlap?: number;
  readonly idempotencyKey?: string;
  readonly yes?: boolean;
}

export function addIssueCommands(program: Command): void {
  program
    .command("create")
    .summary("make a key and print it, once")
    .description("Make a key. Its text is displayed here, once, and never again.")
    .requiredOption("--name <name>", "what the key is for, 1 to 100 characters")
    .addOption(
      new Option("--mode <mode>", "live, or test for the sandbox")
        .choices(["live", "test"])
        .makeOptionMandatory(),
    )
    .option(
      "--permissions <list>",
      "what the key may do, separated by commas; none: full access",
      permissionList,
    )
    .option("--expires <when>", "when the key ends: a time, a date or a duration (90d)", (text) =>
      timeAhead(text),
    )
    .addOption(idempotencyKeyOption())
    .addHelpText("after", CREATE_EXAMPLES)
    .action(create);

  program
    .command("rotate")
    .summary("make a key's successor; the old key works on for a while")
    .description(
      "Make a key with the same name, mode and permissions, and schedule the end of the old one. Until then both work.",
    )
    .argument("<id>", "the old key's id")
    .option(
      "--overlap <time>",
      "how long the old key works on: seconds or a duration, at most 30d; 0 ends it at once (default: 1 day)",
      overlapSeconds,
    )
    .addOption(idempotencyKeyOption())
    .addOption(yesOption())
    .addHelpText("after", ROTATE_EXAMPLES)
    .action(rotate);
}

async function create(options: CreateOptions, command: Command): Promise<void> {
  const { name, mode, permissions, expires, idempotencyKey = freshIdempotencyKey() } = options;
  const context = commandContext(command);
  const body = {
    name,
    mode,
    ...(permissions && { permissions }),
    ...(expires && { expires_at: expires }),
  };
  // `90d` said a second time would be another moment, and so another request.
  const sameAgain = expires === undefined ? "" : ` --expires ${expires}`;
  const key = await issue(context.gateway, createKey, { body, idempotencyKey }, sameAgain);
  context.print(key, newKey(key, Date.now()));
  printNote(COPY_IT_NOW);
}

async function rotate(id: string, options: RotateOptions, command: Command): Promise<void> {
  const { overlap, yes, idempotencyKey = freshIdempotencyKey() } = options;
  keyId(id);
  if (overlap === 0) requireSomebodyToAsk(yes);
  const context = commandContext(command);
  if (overlap === 0 && !yes) {
    const old = await fetchKey(context.gateway, id);
    await confirm(
      `Without an overlap this revokes ${printable(keyInWords(old))}.\nIt stops working at once, for good.`,
    );
  }
  const body = overlap === undefined ? {} : { overlap_seconds: overlap };
  const key = await issue(context.gateway, rotateKey, { id, body, idempotencyKey });
  context.print(key, newKey(key, Date.now()));
  printNote(COPY_IT_NOW);
  printNote(whatBecomesOf(key));
}

function whatBecomesOf({ replaces }: RotatedKey): string {
  if (replaces.effective_at !== null) {
    return `The old key ${replaces.id} is dead everywhere since ${readableTime(replaces.effective_at, "")}.`;
  }
  const end = scheduledEnd(replaces)?.at ?? null;
  return `The old key ${replaces.id} works until ${readableTime(end, "")}. Once "show ${replaces.id}" says that nothing uses it any more, "revoke" ends it sooner; "reschedule" moves its end.`;
}

/** `sameAgain`: options in which the same command, given later, would say something else. */
async function issue<Key extends object>(
  gateway: ControlPlane,
  operation: Operation<Key>,
  input: CallInput,
  sameAgain = "",
): Promise<Key> {
  try {
    return await gateway.call(operation, input);
  } catch (error) {
    if (error instanceof CallError && error.notes.length > 0) {
      const options = `--idempotency-key ${input.idempotencyKey}${sameAgain}`;
      error.notes.push(
        `The same command with ${options} gives that answer, or carries it out now; never twice.`,
      );
    }
    throw error;
  }
}

function idempotencyKeyOption(): Option {
  return new Option(
    "--idempotency-key <text>",
    "to ask again for an answer that was lost (within 24 hours)",
  ).argParser(headerText);
}

const CREATE_EXAMPLES = `
Examples:
  npm run keys -- create --account acme --name "Production Server" --mode live \\
    --permissions posts:read,posts:write
  npm run keys -- create --account acme --name "CI/CD Pipeline" --mode test --expires 90d
  KEY=$(npm run --silent keys -- create --account acme --name "Staging" --mode test --json | jq -r .secret)`;

const ROTATE_EXAMPLES = `
Examples:
  npm run keys -- rotate key_… --account acme --overlap 7d
  npm run keys -- rotate key_… --account acme --overlap 0      a leaked key: ends it at once`;
