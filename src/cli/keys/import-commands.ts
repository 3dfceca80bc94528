// import, hash: taking over keys issued before the gateway, which are known by their SHA-256 alone.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { TOKEN_TEXT } from "../../http/header-text.ts";
import { type CommandContext, commandContext, printNote } from "./command-context.ts";
import { CallError, ImportIncompleteError, UsageError } from "./errors.ts";
import { countLines } from "./import-file.ts";
import { ImportRun, type Progress } from "./import-keys.ts";
import { ImportReport, type Verdict } from "./import-report.ts";
import { count, printable } from "./text-format.ts";

/** Of a file gone wrong from end to end, a terminal need not see every line; the report has them all. */
const SHOWN_MAX_FAILURES = 50;

export function addImportCommands(program: Command): void {
  program
    .command("import")
    .summary("take over keys issued before the gateway, from their SHA-256")
    .description(
      "Import keys issued before the gateway from a file of JSON Lines, one key a line. May be repeated: keys that are in keep their ids. For such keys to work the gateway needs LEGACY_KEYS=accept.",
    )
    .argument(
      "<file>",
      "one key a line: sha256 (hex or base64), name, mode, and if they apply permissions, created_at, expires_at",
    )
    .addHelpText("after", IMPORT_EXAMPLES)
    .action(importKeys);

  program
    .command("hash")
    .summary("SHA-256 of keys, for an import; sends nothing")
    .description(
      "Reads keys from standard input, one a line, and prints the SHA-256 of each as hex. Sends nothing.",
    )
    .addHelpText("after", "\nExample:\n  npm run --silent keys -- hash < old-keys.txt")
    .action(hash);
}

async function importKeys(file: string, _options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  const { origin, account } = context.gateway;
  const { lines, report } = await openFiles(file, origin, account);
  printNote(`Importing ${file} (${count(lines, "line")}) into ${account} at ${origin}`);
  const run = new ImportRun(context.gateway, report, (progress) => printNote(inWords(progress, lines)));
  try {
    await run.importFile(file);
  } catch (error) {
    if (error instanceof CallError) {
      error.notes.push(
        `${inWords(run.progress, lines)}.`,
        "To go on from there, run the same command again.",
      );
    }
    throw error;
  }
  printOutcome(context, run, report.path);
}

async function openFiles(file: string, gateway: string, account: string) {
  try {
    const lines = await countLines(file);
    return { lines, report: await ImportReport.open(`${file}.report.jsonl`, gateway, account) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; nothing was sent`);
  }
}

function printOutcome(context: CommandContext, run: ImportRun, report: string): void {
  const { imported, skipped } = run.progress;
  const failed = run.failures.toSorted((a, b) => a.line - b.line);
  context.print(
    {
      imported,
      skipped,
      failed: failed.map(({ line, error, details }) => ({ line, error, details })),
      report,
    },
    `Imported ${count(imported, "key")}; ${skipped} were in the report already; ${count(failed.length, "line")} failed.\n` +
      `The verdict on each line: ${report}\n`,
  );
  if (failed.length === 0) return;
  for (const failure of failed.slice(0, SHOWN_MAX_FAILURES)) printNote(failureInWords(failure));
  if (failed.length > SHOWN_MAX_FAILURES)
    printNote(`and ${count(failed.length - SHOWN_MAX_FAILURES, "more line")}: see the report`);
  throw new ImportIncompleteError(
    "Mend these lines and run the same command again. Where a store could not be reached, wait five minutes before you do.",
  );
}

function failureInWords({ line, error, details = {} }: Verdict): string {
  const problems = Object.entries(details).map(([field, problem]) => `${field} ${problem}`);
  return printable(`line ${line}: ${[error, ...problems].join("; ")}`);
}

function inWords({ imported, failed, skipped }: Progress, lines: number): string {
  const [done, ...parts] = [imported + failed + skipped, imported, skipped, failed].map((number) =>
    number.toLocaleString("en-US"),
  );
  return `${done} of ${count(lines, "line")}: ${parts[0]} imported, ${parts[1]} skipped, ${parts[2]} failed`;
}

async function hash(): Promise<void> {
  if (process.stdin.isTTY) printNote("Keys, one a line; Ctrl-D ends.");
  let line = 0;
  for await (const key of createInterface({ input: process.stdin })) {
    line += 1;
    if (!TOKEN_TEXT.test(key))
      throw new UsageError(`line ${line} is no key: empty, or with a character that no key has`);
    process.stdout.write(`${createHash("sha256").update(key).digest("hex")}\n`);
  }
}

const IMPORT_EXAMPLES = `
A line of the file:
  {"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
   "name":"Production Server","mode":"live","permissions":["posts:read"]}        (on one line)

Examples:
  npm run keys -- import old-keys.jsonl --account acme
  npm run --silent keys -- hash < old-keys.txt       the SHA-256 of keys you have as text

Beside the file, <file>.report.jsonl gets a verdict per line. Run again, the command skips what has an id
there and tries the rest.`;
