// rename, reschedule, tier: the commands that change neither the secret nor the access of a key.

import { Argument, type Command } from "commander";
import { getAccount, setTier } from "../../control/operations/accounts.ts";
import { changeKey } from "../../control/operations/keys.ts";
import type { Account } from "../../keys/api-key.ts";
import { TIER_NAMES } from "../../rate-limits.ts";
import { commandContext } from "./command-context.ts";
import { UsageError } from "./errors.ts";
import { keyDetails } from "./key-format.ts";
import { keyId, timeAheadOrNever, wholeNumber } from "./option-parsers.ts";
import { fields } from "./table.ts";

interface TierOptions {
  readonly requestsPerMinute?: number;
  readonly publishPerHour?: number;
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
    .command("tier")
    .summary("show or set the account's tier")
    .description("Show the account's tier, or set it: a named tier, or two limits of its own.")
    .addArgument(new Argument("[tier]", "the new tier; without it, the tier is shown").choices(TIER_NAMES))
    .option("--requests-per-minute <number>", "a limit of its own, with --publish-per-hour", wholeNumber)
    .option("--publish-per-hour <number>", "a limit of its own, with --requests-per-minute", wholeNumber)
    .addHelpText("after", TIER_EXAMPLES)
    .action(showOrSetTier);
}

async function change(id: string, body: object, command: Command): Promise<void> {
  keyId(id);
  const context = commandContext(command);
  const key = await context.gateway.call(changeKey, { id, body });
  context.print(key, keyDetails(key, Date.now()));
}

async function showOrSetTier(
  name: string | undefined,
  options: TierOptions,
  command: Command,
): Promise<void> {
  const hasLimits = Object.keys(options).length > 0;
  const tier = name ?? limitsOf(options);
  if (hasLimits && (tier === null || name !== undefined)) {
    throw new UsageError("use a tier, or both --requests-per-minute and --publish-per-hour");
  }
  const context = commandContext(command);
  const account = await (tier === null
    ? context.gateway.call(getAccount)
    : context.gateway.call(setTier, { body: { tier } }));
  context.print(account, fields({ account: account.account, tier: describeTier(account.tier) }));
}

function limitsOf({ requestsPerMinute, publishPerHour }: TierOptions): object | null {
  if (requestsPerMinute === undefined || publishPerHour === undefined) return null;
  return { requests_per_minute: requestsPerMinute, publish_per_hour: publishPerHour };
}

function describeTier(tier: Account["tier"]): string {
  if (typeof tier === "string") return tier;
  return `${tier.requests_per_minute} requests a minute, ${tier.publish_per_hour} publishes an hour`;
}

const RESCHEDULE_EXAMPLES = `
Examples:
  npm run keys -- reschedule key_… 14d --account acme
  npm run keys -- reschedule key_… never --account acme`;

const TIER_EXAMPLES = `
Examples:
  npm run keys -- tier --account acme
  npm run keys -- tier pro --account acme
  npm run keys -- tier --requests-per-minute 600 --publish-per-hour 120 --account acme`;
