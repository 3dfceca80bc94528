// list, show, find, events: the commands that only read.

import { type Command, Option } from "commander";
import { listEvents } from "../../control/operations/accounts.ts";
import { getKey, listKeys } from "../../control/operations/keys.ts";
import { identifyKey } from "../../control/operations/possession.ts";
import { type ApiKey, eventSchema, KEY_STATES } from "../../keys/api-key.ts";
import { commandContext, possessionContext, printNote } from "./command-context.ts";
import type { ControlPlaneClient } from "./control-plane-client.ts";
import { RefusedError } from "./errors.ts";
import { eventTable, keyDetails, keyTable } from "./key-format.ts";
import { readKey } from "./key-input.ts";
import { keyId, labelFilter, timeAgo, wholeNumber } from "./option-parsers.ts";
import { fetchAllPages } from "./pagination.ts";

interface ListOptions {
  readonly limit?: number;
  readonly revoked?: boolean;
  readonly mode?: string;
  readonly state?: string;
  readonly search?: string;
  readonly label?: string;
}

interface EventsOptions {
  readonly key?: string;
  readonly action?: string;
  readonly limit?: number;
  readonly since?: string;
  readonly after?: number;
}

export function addReadCommands(program: Command): void {
  program
    .command("list")
    .summary("list the account's keys, newest first")
    .description("List the account's keys, newest first.")
    .option("--revoked", "include revoked keys")
    .addOption(new Option("--mode <mode>", "only keys of this mode").choices(["live", "test"]))
    .addOption(new Option("--state <state>", "only keys in this state").choices(KEY_STATES))
    .option(
      "--search <text>",
      "only keys with this text in their name, or as their id, last characters or label",
    )
    .option("--label <name=value>", "only keys with this label", labelFilter)
    .option("--limit <number>", "number of keys (default: all)", wholeNumber)
    .addHelpText("after", LIST_EXAMPLES)
    .action(list);

  program
    .command("show")
    .summary("show one key: its state and its last use")
    .description("Show one key: its state, and its last use (up to a minute old).")
    .argument("<id>", "the key's id")
    .addHelpText("after", "\nExample:\n  npm run keys -- show key_… --account acme")
    .action(show);

  program
    .command("find")
    .summary("show the key whose text is on standard input")
    .description(
      "Show the key whose text is on standard input, which needs neither an account nor a control token. In a terminal, the command asks for it.",
    )
    .addHelpText("after", FIND_EXAMPLES)
    .action(find);

  program
    .command("events")
    .summary("list the account's events, newest first")
    .description("List the changes to the account's keys, with actor and time, newest first.")
    .option("--key <id>", "only events of this key", keyId)
    .addOption(
      new Option("--action <action>", "only this action").choices(eventSchema.entries.action.options),
    )
    .option("--limit <number>", "number of events (default: all)", wholeNumber)
    .option("--since <time>", "oldest first, from this time or this long ago (30d) on", (text) =>
      timeAgo(text),
    )
    .option("--after <number>", "oldest first, from the event after this number on", wholeNumber)
    .addHelpText("after", EVENTS_EXAMPLES)
    .action(events);
}

export function fetchKey(gateway: ControlPlaneClient, id: string): Promise<ApiKey> {
  return gateway.call(getKey, { id });
}

async function list(
  { limit, revoked, mode, state, search, label }: ListOptions,
  command: Command,
): Promise<void> {
  const context = commandContext(command);
  const include = revoked ? "revoked" : undefined;
  const query = { include, mode, state, q: search, label };
  const page = await fetchAllPages(context.gateway, listKeys, "keys", query, limit).catch(
    emptyIfNoAccount({ keys: [] }),
  );
  context.print(page, keyTable(page.keys, context.terminalColumns));
  if (page.keys.length === 0) {
    const isFiltered = [mode, state, search, label].some((filter) => filter !== undefined);
    const others = revoked || isFiltered ? "" : " --revoked includes revoked keys.";
    printNote(
      isFiltered
        ? "No key matches."
        : `Account ${context.gateway.account} has no keys.${others} ${CREATE_HINT}`,
    );
  }
  noteIfMore(page.next_cursor);
}

async function show(id: string, _options: object, command: Command): Promise<void> {
  keyId(id);
  const context = commandContext(command);
  const key = await fetchKey(context.gateway, id);
  context.print(key, keyDetails(key));
}

async function find(_options: object, command: Command): Promise<void> {
  const context = possessionContext(command);
  const key = await context.gateway.call(identifyKey, { body: { secret: await readKey() } });
  context.print(key, keyDetails(key));
}

async function events(options: EventsOptions, command: Command): Promise<void> {
  const { key, action, limit, since, after } = options;
  const context = commandContext(command);
  const query = { key_id: key, action, since, after: after === undefined ? undefined : String(after) };
  const page = await fetchAllPages(context.gateway, listEvents, "events", query, limit).catch(
    emptyIfNoAccount({ events: [] }),
  );
  context.print(page, eventTable(page.events, context.terminalColumns));
  if (page.events.length === 0) printNote(`No events of account ${context.gateway.account} match.`);
  noteIfMore(page.next_cursor);
}

/** An account exists from its first key on; before that, its lists are empty. */
function emptyIfNoAccount<Items extends object>(items: Items) {
  return (error: unknown): Items & { next_cursor: null } => {
    if (!(error instanceof RefusedError) || error.status !== 404) throw error;
    printNote("The account does not exist yet, or the credential is for other accounts.");
    return { ...items, next_cursor: null };
  };
}

function noteIfMore(cursor: string | null): void {
  if (cursor !== null) printNote("There may be more: --limit was reached.");
}

const CREATE_HINT = "The create command creates one.";

const FIND_EXAMPLES = `
Examples:
  npm run keys -- find
  npm run --silent keys -- find --json < leaked-key.txt | jq -r '.account, .id'`;

const EVENTS_EXAMPLES = `
Examples:
  npm run keys -- events --account acme --limit 20
  npm run keys -- events --account acme --key key_… --action revoked
  npm run --silent keys -- events --account acme --since 1d --json | jq -c '.events[]'`;

const LIST_EXAMPLES = `
Examples:
  npm run keys -- list --account acme
  npm run --silent keys -- list --account acme --revoked --json | jq -r '.keys[].id'
  npm run keys -- list --account acme --state active --label team=billing`;
