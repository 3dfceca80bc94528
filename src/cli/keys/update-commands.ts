// rename, reschedule, update, suspend, resume: the commands that change a key in place.
//
// "In effect everywhere" is printed only after the gateway has reported the time from which it holds.

import { type Command, Option } from "commander";
import { changeKey, resumeKey, suspendKey } from "../../control/operations/keys.ts";
import { PERMISSIONS } from "../../policy.ts";
import type { OwnLimits } from "../../rate-limits.ts";
import { commandContext } from "./command-context.ts";
import { UsageError } from "./errors.ts";
import { keyDetails, receiptText } from "./key-format.ts";
import {
  addLabel,
  keyId,
  keyLimits,
  networkList,
  permissionList,
  timeAheadOrNever,
} from "./option-parsers.ts";

interface UpdateOptions {
  readonly name?: string;
  readonly permissions?: readonly string[];
  readonly allowedIps?: readonly string[];
  readonly limits?: OwnLimits | "tier";
  /** `never`, or a time. */
  readonly expires?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly removeLabels?: boolean;
}

export function addUpdateCommands(program: Command): void {
  program
    .command("rename")
    .summary("rename a key")
    .description("Rename a key. The key keeps working.")
    .argument("<id>", "the key's id")
    .argument("<name>", "the new name, 1 to 100 characters")
    .addHelpText("after", '\nExample:\n  npm run keys -- rename key_… "Production Server 2" --account acme')
    .action((id: string, name: string, _options: object, command: Command) => change(id, { name }, command));

  program
    .command("reschedule")
    .summary("move or cancel the scheduled revocation of a key")
    .description("Move or cancel the scheduled revocation of a key, which a rotation has set.")
    .argument("<id>", "the old key's id")
    .argument("<when>", "a time, a date, a duration from now (7d), or never", (text) =>
      timeAheadOrNever(text),
    )
    .addHelpText("after", RESCHEDULE_EXAMPLES)
    .action((id: string, when: string | null, _options: object, command: Command) =>
      change(id, { revokes_at: when }, command),
    );

  program
    .command("update")
    .summary("change a key's name, permissions, allowed IPs, limits, expiry or labels")
    .description(
      "Change a key in place. When a change that restricts the key is answered, no request succeeds anywhere that it forbids, and such requests in flight have failed. A change that allows more holds within a lease.",
    )
    .argument("<id>", "the key's id")
    .option("--name <text>", "the new name, 1 to 100 characters")
    .addOption(
      new Option("--permissions <list>", "the new permissions, separated by commas, or all")
        .choices([...Object.keys(PERMISSIONS), "all"])
        .argParser(permissionsOrAll),
    )
    .option(
      "--allowed-ips <list>",
      "networks in CIDR notation, separated by commas, or anywhere",
      networkList,
    )
    .option("--limits <numbers>", "requests a minute and publishes an hour (600,120), or tier", keyLimits)
    .option("--expires <when>", "a time, a date, a duration from now (90d), or never", timeOrNever)
    .option("--label <name=value>", "a label; repeat it. The new labels replace all labels", addLabel)
    .option("--remove-labels", "remove all labels")
    .addHelpText("after", UPDATE_EXAMPLES)
    .action(update);

  program
    .command("suspend")
    .summary("suspend a key immediately, everywhere, until it is resumed")
    .description(
      "Suspend a key. When the command ends, no request with it succeeds anywhere, and requests in flight have failed with 401. The resume command ends it.",
    )
    .argument("<id>", "the key's id")
    .option("--reason <text>", "the reason in the event log, 1 to 500 characters")
    .addHelpText(
      "after",
      '\nExample:\n  npm run keys -- suspend key_… --reason "under investigation" --account acme',
    )
    .action(suspend);

  program
    .command("resume")
    .summary("resume a suspended key")
    .description("Resume a suspended key. It works again within a lease (LEASE_MS).")
    .argument("<id>", "the key's id")
    .addHelpText("after", "\nExample:\n  npm run keys -- resume key_… --account acme")
    .action(resume);
}

async function change(id: string, body: object, command: Command): Promise<void> {
  keyId(id);
  const context = commandContext(command);
  const key = await context.gateway.call(changeKey, { id, body });
  context.print(key, keyDetails(key) + receiptText(key));
}

async function update(id: string, options: UpdateOptions, command: Command): Promise<void> {
  const { name, permissions, allowedIps: allowed_ips, expires, label, removeLabels } = options;
  const limits = options.limits === "tier" ? null : options.limits;
  if (label !== undefined && removeLabels) throw new UsageError("use --label or --remove-labels, not both");
  const labels = removeLabels ? {} : label;
  const expires_at = expires === "never" ? null : expires;
  const body = { name, permissions, allowed_ips, limits, expires_at, labels };
  if (Object.values(body).every((field) => field === undefined))
    throw new UsageError(`name a change: ${command.options.map(({ long }) => long).join(", ")}`);
  await change(id, body, command);
}

async function suspend(
  id: string,
  { reason }: { readonly reason?: string },
  command: Command,
): Promise<void> {
  keyId(id);
  const context = commandContext(command);
  const key = await context.gateway.call(suspendKey, { id, body: reason === undefined ? {} : { reason } });
  context.print(key, keyDetails(key) + receiptText(key));
}

async function resume(id: string, _options: object, command: Command): Promise<void> {
  keyId(id);
  const context = commandContext(command);
  const key = await context.gateway.call(resumeKey, { id });
  context.print(key, `${keyDetails(key)}It works again within a lease.\n`);
}

/** Not null for `never`: commander would take that for an option without a value. */
function timeOrNever(text: string): string {
  return timeAheadOrNever(text) ?? text;
}

function permissionsOrAll(text: string): readonly string[] {
  return text === "all" ? [] : permissionList(text);
}

const RESCHEDULE_EXAMPLES = `
Examples:
  npm run keys -- reschedule key_… 14d --account acme
  npm run keys -- reschedule key_… never --account acme`;

const UPDATE_EXAMPLES = `
Examples:
  npm run keys -- update key_… --permissions posts:read --account acme
  npm run keys -- update key_… --allowed-ips 203.0.113.0/24,2001:db8::/32 --account acme
  npm run keys -- update key_… --limits 30,5 --account acme
  npm run keys -- update key_… --label team=billing --label env=production --account acme`;
