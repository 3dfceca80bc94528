// create, rotate: the commands that create a key.
//
// Guarantees that a lost answer never creates a second key, and that the key is printed once, on standard output. The
// warning to copy it is on standard error.

import { type Command, Option } from "commander";
import type { Operation } from "../../control/operation.ts";
import { createKey, rotateKey } from "../../control/operations/keys.ts";
import type { RotatedKey } from "../../keys/api-key.ts";
import { scheduledEnd } from "../../keys/key-state.ts";
import { PERMISSIONS } from "../../policy.ts";
import type { OwnLimits } from "../../rate-limits.ts";
import { commandContext, freshIdempotencyKey, printNote } from "./command-context.ts";
import type { CallInput, ControlPlaneClient } from "./control-plane-client.ts";
import { CallError, RefusedError } from "./errors.ts";
import { COPY_NOW, keyLabel, newKey } from "./key-format.ts";
import {
  addLabel,
  headerText,
  keyId,
  keyLimits,
  networkList,
  overlapSeconds,
  permissionList,
  timeAhead,
} from "./option-parsers.ts";
import { confirm, requireConfirmation, yesOption } from "./prompts.ts";
import { fetchKey } from "./read-commands.ts";
import { printable, readableTime } from "./text-format.ts";

interface CreateOptions {
  readonly name: string;
  readonly mode: string;
  readonly permissions?: readonly string[];
  readonly expires?: string;
  readonly allowedIps?: readonly string[];
  readonly limits?: OwnLimits | "tier";
  readonly label?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
}

interface RotateOptions {
  readonly overlap?: number;
  readonly idempotencyKey?: string;
  readonly yes?: boolean;
}

export function addCreateCommands(program: Command): void {
  program
    .command("create")
    .summary("create a key and display it once")
    .description("Create a key. It is displayed once, and cannot be displayed again.")
    .requiredOption("--name <name>", "a descriptive name, 1 to 100 characters")
    .addOption(
      new Option("--mode <mode>", "live, or test for the sandbox")
        .choices(["live", "test"])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--permissions <list>", "permissions, separated by commas (default: full access)")
        .choices(Object.keys(PERMISSIONS))
        .argParser(permissionList),
    )
    .option("--expires <when>", "expiry: a time, a date or a duration (90d) (default: never)", (text) =>
      timeAhead(text),
    )
    .option(
      "--allowed-ips <list>",
      "networks in CIDR notation, separated by commas (default: anywhere)",
      networkList,
    )
    .option(
      "--limits <numbers>",
      "requests a minute and publishes an hour (600,120) (default: the tier's)",
      keyLimits,
    )
    .option("--label <name=value>", "a label; repeat it", addLabel)
    .addOption(idempotencyKeyOption())
    .addHelpText("after", CREATE_EXAMPLES)
    .action(create);

  program
    .command("rotate")
    .summary("create a key's successor and schedule the revocation of the old key")
    .description(
      "Create a key with the same name, mode, permissions, allowed IPs, limits and labels, and schedule the revocation of the old key. Until then both work.",
    )
    .argument("<id>", "the old key's id")
    .option(
      "--overlap <time>",
      "how long the old key keeps working: seconds or a duration, at most 30d; 0 revokes it now (default: 1 day)",
      overlapSeconds,
    )
    .addOption(idempotencyKeyOption())
    .addOption(yesOption())
    .addHelpText("after", ROTATE_EXAMPLES)
    .action(rotate);
}

async function create(options: CreateOptions, command: Command): Promise<void> {
  const {
    name,
    mode,
    permissions,
    expires,
    allowedIps,
    limits,
    label,
    idempotencyKey = freshIdempotencyKey(),
  } = options;
  const context = commandContext(command);
  const body = {
    name,
    mode,
    ...(permissions && { permissions }),
    ...(expires && { expires_at: expires }),
    ...(allowedIps && { allowed_ips: allowedIps }),
    ...(limits && limits !== "tier" && { limits }),
    ...(label && { labels: label }),
  };
  // The same `90d` a moment later is another time, and so another request.
  const repeatOptions = expires === undefined ? "" : ` --expires ${expires}`;
  const key = await issue(context.gateway, createKey, { body, idempotencyKey }, repeatOptions);
  context.print(key, newKey(key));
  printNote(COPY_NOW);
}

async function rotate(id: string, options: RotateOptions, command: Command): Promise<void> {
  const { overlap, yes, idempotencyKey = freshIdempotencyKey() } = options;
  keyId(id);
  if (overlap === 0) requireConfirmation(yes);
  const context = commandContext(command);
  if (overlap === 0 && !yes) {
    const old = await fetchKey(context.gateway, id);
    await confirm(
      `Without an overlap this revokes ${printable(keyLabel(old))}.\nIt stops working immediately. This cannot be undone.`,
    );
  }
  const body = overlap === undefined ? {} : { overlap_seconds: overlap };
  const key = await issue(context.gateway, rotateKey, { id, body, idempotencyKey }).catch((error) =>
    throwWithSuccessor(error, context.gateway, id),
  );
  context.print(key, newKey(key));
  printNote(COPY_NOW);
  printNote(describeOldKey(key));
}

/** A key that was rotated before is not rotated again: names the successor, and what to do with it. */
async function throwWithSuccessor(error: unknown, gateway: ControlPlaneClient, id: string): Promise<never> {
  if (error instanceof RefusedError && error.status === 409) {
    // A credential that may write need not be allowed to read.
    const old = await fetchKey(gateway, id).catch(() => null);
    const next = old?.replaced_by ? await fetchKey(gateway, old.replaced_by).catch(() => null) : null;
    if (old && next && next.state !== "revoked" && next.state !== "expired") {
      const end = scheduledEnd(old)?.at ?? null;
      error.notes.push(
        `The successor is ${printable(keyLabel(next))}. The old key works until ${readableTime(end)}.`,
        `Use the successor. If its text is lost, revoke it ("revoke ${next.id}") and rotate again; "reschedule ${id} never" keeps both keys.`,
      );
    }
  }
  throw error;
}

function describeOldKey({ replaces }: RotatedKey): string {
  if (replaces.state === "revoked" && replaces.effective_at !== undefined) {
    return `The old key ${replaces.id} is revoked everywhere since ${readableTime(replaces.effective_at)}.`;
  }
  const end = scheduledEnd(replaces)?.at ?? null;
  return `The old key ${replaces.id} works until ${readableTime(end)}. Revoke it sooner once "show ${replaces.id}" reports no recent use; "reschedule" moves the time.`;
}

/** `repeatOptions`: options whose value depends on the time of the command. */
async function issue<Key extends object>(
  gateway: ControlPlaneClient,
  operation: Operation<Key>,
  input: CallInput,
  repeatOptions = "",
): Promise<Key> {
  try {
    return await gateway.call(operation, input);
  } catch (error) {
    if (error instanceof CallError && error.notes.length > 0) {
      const options = `--idempotency-key ${input.idempotencyKey}${repeatOptions}`;
      error.notes.push(
        `To get that answer, run the same command with ${options}. It is never carried out twice.`,
      );
    }
    throw error;
  }
}

function idempotencyKeyOption(): Option {
  return new Option(
    "--idempotency-key <text>",
    "repeat a command whose answer was lost (within 10 minutes)",
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
  npm run keys -- rotate key_… --account acme --overlap 0      a leaked key: revokes it now`;
