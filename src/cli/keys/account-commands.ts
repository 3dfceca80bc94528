// tier, policy, account: the commands on an account as a whole.

import { Argument, type Command } from "commander";
import {
  changeAccount,
  getAccount,
  resumeAccount,
  suspendAccount,
} from "../../control/operations/accounts.ts";
import type { Account } from "../../keys/account.ts";
import { LEDGER_LOCATIONS } from "../../ledger-locations.ts";
import { type OwnLimits, TIER_NAMES } from "../../rate-limits.ts";
import { type CommandContext, commandContext } from "./command-context.ts";
import { RefusedError, UsageError } from "./errors.ts";
import { limitsText, receiptText } from "./key-format.ts";
import { accountLimits, networkList, wholeNumber } from "./option-parsers.ts";
import { fields } from "./table.ts";
import { readableTime } from "./text-format.ts";

interface TierOptions {
  readonly requestsPerMinute?: number;
  readonly publishPerHour?: number;
}

interface PolicyOptions {
  readonly maxLifetimeDays?: number | "none";
  readonly maxActiveKeys?: number | "none";
  readonly requirePermissions?: boolean;
  readonly allowedIps?: readonly string[];
  readonly accountLimits?: OwnLimits | "none";
}

export function addAccountCommands(program: Command): void {
  program
    .command("tier")
    .summary("show or set the account's tier")
    .description("Show the account's tier, or set it: a named tier, or two limits of its own.")
    .addArgument(new Argument("[tier]", "the new tier; without it, the tier is shown").choices(TIER_NAMES))
    .option("--requests-per-minute <number>", "a limit of its own, with --publish-per-hour", wholeNumber)
    .option("--publish-per-hour <number>", "a limit of its own, with --requests-per-minute", wholeNumber)
    .addHelpText("after", TIER_EXAMPLES)
    .action(showOrSetTier);

  program
    .command("policy")
    .summary("show or set the account's rules for its keys")
    .description(
      "Show the account's policy, or change the rules that are named. A rule applies to keys made from then on; --allowed-ips and --account-limits to all keys at once.",
    )
    .option("--max-lifetime-days <number>", "days until a new key expires, or none", numberOrNone)
    .option("--max-active-keys <number>", "the most active keys, or none", numberOrNone)
    .option("--require-permissions", "a new key must not have full access")
    .option("--no-require-permissions", "a new key may have full access")
    .option(
      "--allowed-ips <list>",
      "networks in CIDR notation, separated by commas, or anywhere",
      networkList,
    )
    .option(
      "--account-limits <numbers>",
      "requests a minute and publishes an hour of all keys together (600,120), or none",
      accountLimits,
    )
    .addHelpText("after", POLICY_EXAMPLES)
    .action(showOrSetPolicy);

  const account = program
    .command("account")
    .summary("show, suspend or resume the account, or choose its location")
    .description(
      "Show the account, suspend or resume all its keys together, or choose where its ledger is created.",
    );
  account
    .command("show", { isDefault: true })
    .summary("show its tier and policy, and whether it is suspended")
    .description("Show the account: its tier, its policy, and whether it is suspended.")
    .action(show);
  account
    .command("suspend")
    .summary("suspend all keys of the account, everywhere")
    .description(
      "Suspend all keys of the account. When the command ends, no request with one of them succeeds anywhere.",
    )
    .option("--reason <text>", "the reason in the event log, 1 to 500 characters")
    .action(suspend);
  account
    .command("resume")
    .summary("resume the account")
    .description("Resume the account. Its keys work again within a lease (LEASE_MS).")
    .action(resume);
  account
    .command("location")
    .summary("choose where the ledger of a new account is created")
    .addArgument(new Argument("<hint>", "the location hint of its Durable Object").choices(LEDGER_LOCATIONS))
    .description(
      "Choose where the account's ledger is created. Make this the first call about the account: a ledger never moves.",
    )
    .action(setLocation);
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
  const account: AccountAnswer = await (tier === null
    ? context.gateway.call(getAccount)
    : context.gateway.call(changeAccount, { body: { tier } }));
  const text = fields({ account: account.account, tier: describeTier(account.tier) });
  context.print(account, text + receiptText(account));
}

function limitsOf({ requestsPerMinute, publishPerHour }: TierOptions): object | null {
  if (requestsPerMinute === undefined || publishPerHour === undefined) return null;
  return { requests_per_minute: requestsPerMinute, publish_per_hour: publishPerHour };
}

function describeTier(tier: Account["tier"]): string {
  return typeof tier === "string" ? tier : limitsText(tier);
}

async function showOrSetPolicy(options: PolicyOptions, command: Command): Promise<void> {
  const context = commandContext(command);
  const { maxLifetimeDays, maxActiveKeys, requirePermissions, allowedIps, accountLimits } = options;
  if (Object.keys(options).length === 0) {
    printAccount(context, await context.gateway.call(getAccount));
    return;
  }
  const current = await currentPolicy(context);
  const policy = {
    max_lifetime_days: limitOf(maxLifetimeDays, current?.max_lifetime_days),
    max_active_keys: limitOf(maxActiveKeys, current?.max_active_keys),
    require_permissions: requirePermissions ?? current?.require_permissions,
    allowed_ips: allowedIps ?? current?.allowed_ips,
    account_limits: limitOf(accountLimits, current?.account_limits),
  };
  printAccount(context, await context.gateway.call(changeAccount, { body: { policy } }));
}

/** undefined: the account is new. */
async function currentPolicy({ gateway }: CommandContext): Promise<Account["policy"] | undefined> {
  try {
    return (await gateway.call(getAccount)).policy;
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) return undefined;
    throw error;
  }
}

async function show(_options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  printAccount(context, await context.gateway.call(getAccount));
}

async function suspend({ reason }: { readonly reason?: string }, command: Command): Promise<void> {
  const context = commandContext(command);
  const body = reason === undefined ? {} : { reason };
  printAccount(context, await context.gateway.call(suspendAccount, { body }));
}

async function resume(_options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  const account = await context.gateway.call(resumeAccount);
  context.print(account, `${accountText(account)}Its keys work again within a lease.\n`);
}

async function setLocation(location: string, _options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  printAccount(context, await context.gateway.call(changeAccount, { body: { location } }));
}

type AccountAnswer = Account & Parameters<typeof receiptText>[0];

function printAccount(context: CommandContext, account: AccountAnswer): void {
  context.print(account, accountText(account) + receiptText(account));
}

function accountText({ account, tier, location, policy, suspended_at }: Account): string {
  const none = (value: number | null) => (value === null ? "none" : String(value));
  return fields({
    account,
    tier: describeTier(tier),
    location: location ?? "not chosen",
    suspended: suspended_at === null ? "no" : readableTime(suspended_at),
    "max lifetime (days)": none(policy.max_lifetime_days),
    "max active keys": none(policy.max_active_keys),
    "require permissions": policy.require_permissions ? "yes" : "no",
    "allowed IPs": policy.allowed_ips.join(",") || "anywhere",
    "account limits": policy.account_limits === null ? "none" : limitsText(policy.account_limits),
  });
}

/** Not null for `none`: commander would take that for an option without a value. */
function numberOrNone(text: string): number | "none" {
  return text === "none" ? text : wholeNumber(text);
}

function limitOf<Limit>(option: Limit | "none" | undefined, current: Limit | null = null): Limit | null {
  if (option === undefined) return current;
  return option === "none" ? null : option;
}

const TIER_EXAMPLES = `
Examples:
  npm run keys -- tier --account acme
  npm run keys -- tier pro --account acme
  npm run keys -- tier --requests-per-minute 600 --publish-per-hour 120 --account acme`;

const POLICY_EXAMPLES = `
Examples:
  npm run keys -- policy --account acme
  npm run keys -- policy --max-lifetime-days 90 --require-permissions --account acme
  npm run keys -- policy --allowed-ips 203.0.113.0/24 --account acme
  npm run keys -- policy --account-limits 3000,600 --account acme`;
