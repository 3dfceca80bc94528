// assertion-key, rebuild-kv: the commands for the operator of the gateway.

import type { Command } from "commander";
import type { AnswerOf } from "../../control/operation.ts";
import { rebuildKv as rebuildKvOperation } from "../../control/operations/upkeep.ts";
import { newAssertionKey } from "../assertion-key.ts";
import { commandContext, printNote } from "./command-context.ts";

export function addMaintenanceCommands(program: Command): void {
  program
    .command("assertion-key")
    .summary("generate a key for ASSERTION_KEY")
    .description(
      "Generate the key that signs X-Octopost-Assertion: a private Ed25519 JWK. It is printed and stored nowhere.",
    )
    .addHelpText(
      "after",
      "\nExample:\n  npm run --silent keys -- assertion-key | npx wrangler secret put ASSERTION_KEY --env production",
    )
    .action(() => {
      process.stdout.write(`${JSON.stringify(newAssertionKey())}\n`);
    });

  program
    .command("rebuild-kv")
    .summary("write the account's KV entries again")
    .description(
      "Write the account's KV entries again from its ledger. Safe to repeat: revoked keys stay revoked.",
    )
    .addHelpText("after", "\nExample:\n  npm run keys -- rebuild-kv --account acme")
    .action(rebuildKv);
}

async function rebuildKv(_options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  let written = 0;
  let cursor: string | null = null;
  do {
    const body: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: AnswerOf<typeof rebuildKvOperation> = await context.gateway.call(rebuildKvOperation, {
      body,
    });
    written += page.written;
    cursor = page.next_cursor;
    printNote(`${written} entries written`);
  } while (cursor !== null);
  context.print({ written }, `${written} entries written.\n`);
}
