// rename, reschedule, tier: changes that leave a key's text and its being good as they are.

import type { Command } from "commander";
import { getAccount, setTier } from "../../control/operations/accounts.ts";
import { changeKey } from "../../control/operations/keys.ts";
import type { Account } from "../../keys/api-key.ts";
import { commandContext } from "./command-context.ts";
import { UsageError } from "./errors.ts";
import { keyDetails } from "./key-format.ts";
import { keyId, timeAheadOrNever, wholeNumber } from "./option-parsers.ts";
import { fields } from "./text-format.ts";

interface TierOptions {
  readonly requestsPerMinute?: number;
  readonly publishPerHour?: number;
}

export function addChangeCommands(program: Command): void {
  program
    .command("rename")
    .summary("give a key another name")
    .description("Give a key another name. The key goes on working.")
    .argument("<id>", "the key's id")
    .argument("<name>", "the new name, 1 to 100 characters")
    .addHelpText("after", '\nExample:\n  npm run keys -- rename key_… "Production Server 2" --account acme')
    .action((id: string, name: string, _options: object, command: Command) => change(id, { name }, command));

  program
    .command("reschedule")
    .summary("move the end of a key that was rotated, or take it back")
    .description(
      "Move the moment at which a key is revoked by itself, as a rotation has set it, or take it back.",
    )
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
    .summary("show the account's tier, or set it")
    .description("Show the account's tier, or set it: one of the four, or numbers of its own.")
    .argument("[tier]", "free, starter, pro or unlimited; without it and without numbers: what it is now")
    .option("--requests-per-minute <number>", "instead of a tier, together with the next", wholeNumber)
    .option("--publish-per-hour <number>", "instead of a tier, together with the one before", wholeNumber)
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
  const hasNumbers = Object.keys(options).length > 0;
  const tier = name ?? numbersOf(options);
  if (hasNumbers && (tier === null || name !== undefined)) {
    throw new UsageError("it takes a tier, or both --requests-per-minute and --publish-per-hour");
  }
  const context = commandContext(command);
  const account = await (tier === null
    ? context.gateway.call(getAccount)
    : context.gateway.call(setTier, { body: { tier } }));
  context.print(account, fields({ account: account.account, tier: tierInWords(account.tier) }));
}

function numbersOf({ requestsPerMinute, publishPerHour }: TierOptions): object | null {
  if (requestsPerMinute === undefined || publishPerHour === undefined) return null;
  return { requests_per_minute: requestsPerMinute, publish_per_hour: publishPerHour };
}

function tierInWords(tier: Account["tier"]): string {
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
