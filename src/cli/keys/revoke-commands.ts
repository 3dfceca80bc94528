// revoke, revoke-all: the commands that revoke keys, which cannot be undone.
//
// Guarantees that without --yes a person sees which keys are revoked and confirms it before anything is changed.
// "Revoked everywhere" is printed only after the gateway has reported the time from which it holds.

import { type Command, Option } from "commander";
import { listKeys, revokeAll as revokeAllOperation, revokeKey } from "../../control/operations/keys.ts";
import type { ApiKey } from "../../keys/api-key.ts";
import { commandContext } from "./command-context.ts";
import type { ControlPlane } from "./control-plane.ts";
import { keyLabel } from "./key-format.ts";
import { keyId, timeAgo } from "./option-parsers.ts";
import { fetchAllPages } from "./pagination.ts";
import { confirm, requireConfirmation, yesOption } from "./prompts.ts";
import { fetchKey } from "./read-commands.ts";
import { count, printable, readableMs, readableTime } from "./text-format.ts";

const LISTED_MAX_KEYS = 20;

interface RevokeOptions {
  readonly reason?: string;
  readonly yes?: boolean;
}

interface RevokeAllOptions {
  readonly mode?: string;
  readonly createdBefore?: string;
  readonly yes?: boolean;
}

export function addRevokeCommands(program: Command): void {
  program
    .command("revoke")
    .summary("revoke a key immediately, everywhere")
    .description(
      "Revoke a key. When the command ends, no request with it succeeds anywhere, and requests in flight have failed with 401. This cannot be undone.",
    )
    .argument("<id>", "the key's id")
    .option("--reason <text>", "the reason in the event log, 1 to 500 characters")
    .addOption(yesOption())
    .addHelpText("after", REVOKE_EXAMPLES)
    .action(revoke);

  program
    .command("revoke-all")
    .summary("revoke all keys of the account, or those of a mode or an age")
    .description("Revoke all keys of the account, or those of a mode or an age. This cannot be undone.")
    .addOption(new Option("--mode <mode>", "only keys of this mode").choices(["live", "test"]))
    .option(
      "--created-before <when>",
      "only keys created before a time, a date, or a duration ago (90d)",
      (text) => timeAgo(text),
    )
    .addOption(yesOption())
    .addHelpText("after", REVOKE_ALL_EXAMPLES)
    .action(revokeAll);
}

async function revoke(id: string, { reason, yes }: RevokeOptions, command: Command): Promise<void> {
  keyId(id);
  requireConfirmation(yes);
  const context = commandContext(command);
  if (!yes) {
    const key = await fetchKey(context.gateway, id);
    await confirm(
      `Revoke ${printable(keyLabel(key))}?\nIt stops working immediately, for requests in flight too. This cannot be undone.`,
    );
  }
  const body = reason === undefined ? {} : { reason };
  const key = await context.gateway.call(revokeKey, { id, body });
  const waited = `${readableMs(key.waited_ms)} (at most ${readableMs(key.lease_bound_ms)})`;
  context.print(
    key,
    `Revoked ${key.id} "${printable(key.name)}".\n` +
      `Revoked everywhere since ${readableTime(key.effective_at)}, after ${waited}.\n`,
  );
}

async function revokeAll(options: RevokeAllOptions, command: Command): Promise<void> {
  const { mode, createdBefore, yes } = options;
  requireConfirmation(yes);
  const context = commandContext(command);
  if (!yes) {
    const keys = await matchingKeys(context.gateway, options);
    if (keys.length > 0) await confirm(questionAbout(keys));
  }
  const answer = await context.gateway.call(revokeAllOperation, {
    body: { ...(mode && { mode }), ...(createdBefore && { created_before: createdBefore }) },
  });
  context.print(
    answer,
    `Revoked ${count(answer.revoked, "key")}.\nRevoked everywhere since ${readableTime(answer.effective_at)}.\n`,
  );
}

async function matchingKeys(gateway: ControlPlane, filter: RevokeAllOptions): Promise<ApiKey[]> {
  const { keys } = await fetchAllPages(gateway, listKeys, "keys", {});
  const before =
    filter.createdBefore === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.createdBefore);
  return keys.filter(
    ({ mode, created_at }) =>
      (filter.mode === undefined || mode === filter.mode) && Date.parse(created_at) < before,
  );
}

function questionAbout(keys: readonly ApiKey[]): string {
  const listed = keys.slice(0, LISTED_MAX_KEYS).map((key) => `  ${printable(keyLabel(key))}`);
  if (keys.length > listed.length) listed.push(`  and ${count(keys.length - listed.length, "more", "more")}`);
  const consequence = "They stop working immediately. This cannot be undone.";
  return [`Revoke ${count(keys.length, "key")}?`, ...listed, consequence].join("\n");
}

const REVOKE_EXAMPLES = `
Examples:
  npm run keys -- revoke key_… --account acme
  npm run keys -- revoke key_… --account acme --reason "found in a public repository" --yes`;

const REVOKE_ALL_EXAMPLES = `
Examples:
  npm run keys -- revoke-all --account acme
  npm run keys -- revoke-all --account acme --mode test --created-before 90d --yes`;
