// import, hash: the commands that import keys issued before the gateway, from their SHA-256.

import { createHash } from "node:crypto";
import type { Command } from "commander";
import { TOKEN_TEXT } from "../../http/header-text.ts";
import { type CommandContext, commandContext, printNote } from "./command-context.ts";
import { CallError, ImportIncompleteError, UsageError } from "./errors.ts";
import { ImportRun, type Progress } from "./import-keys.ts";
import { ImportReport, type Verdict } from "./import-report.ts";
import { type ImportScan, scanImportFile } from "./import-scan.ts";
import { count, printable } from "./text-format.ts";
import { LINE_END, readStandardInput } from "./text-input.ts";

/** The report has every failed line. */
const LISTED_MAX_FAILURES = 50;
/** Hashed with one of these, a key would never be recognised. */
const QUOTE_OR_SEPARATOR = /["',;]/;

export function addImportCommands(program: Command): void {
  program
    .command("import")
    .summary("import keys issued before the gateway, from their SHA-256")
    .description(
      "Import keys issued before the gateway from a file of JSON Lines, one key per line. Safe to repeat: imported keys keep their ids. Imported keys work only while the gateway has LEGACY_KEYS=accept.",
    )
    .argument(
      "<file>",
      "one key per line: sha256 (hex or base64), name, mode; optional: permissions, created_at, expires_at",
    )
    .addHelpText("after", IMPORT_EXAMPLES)
    .action(importKeys);

  program
    .command("hash")
    .summary("print the SHA-256 of keys, for an import; sends nothing")
    .description(
      "Read keys from standard input, one per line, and print the SHA-256 of each as hex. Skips blank lines. Sends nothing.",
    )
    .addHelpText("after", "\nExample:\n  npm run --silent keys -- hash < old-keys.txt")
    .action(hash);
}

async function importKeys(file: string, _options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  const { origin, account } = context.gateway;
  const { scan, report } = await openFiles(file, origin, account);
  const { lines } = scan;
  printNote(`Importing ${file} (${count(lines, "line")}) into ${account} at ${origin}`);
  const run = new ImportRun(context.gateway, report, scan, (progress) =>
    printNote(describeProgress(progress, lines)),
  );
  try {
    await run.importFile(file);
  } catch (error) {
    if (error instanceof CallError) {
      error.notes.push(
        `${describeProgress(run.progress, lines)}.`,
        "To continue from there, run the same command again.",
      );
    }
    throw error;
  }
  printOutcome(context, run, report.path);
}

async function openFiles(
  file: string,
  gateway: string,
  account: string,
): Promise<{ scan: ImportScan; report: ImportReport }> {
  try {
    const scan = await scanImportFile(file);
    return { scan, report: await ImportReport.open(`${file}.report.jsonl`, gateway, account) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; nothing was sent`);
  }
}

function printOutcome(context: CommandContext, run: ImportRun, report: string): void {
  const { imported, skipped, repeated } = run.progress;
  const failed = run.failures.toSorted((a, b) => a.line - b.line);
  context.print(
    {
      imported,
      skipped,
      failed: failed.map(({ line, error, details }) => ({ line, error, details })),
      report,
      ...(run.warning !== undefined && { warning: run.warning }),
    },
    `Imported ${count(imported, "key")}; ${skipped} were in the report already; ${count(failed.length, "line")} failed.\n` +
      `Result of each line: ${report}\n`,
  );
  if (repeated > 0) printNote(`${count(repeated, "line repeats", "lines repeat")} another line.`);
  if (run.warning !== undefined) printNote(`Warning: ${run.warning}`);
  if (failed.length === 0) return;
  for (const failure of failed.slice(0, LISTED_MAX_FAILURES)) printNote(describeLine(failure));
  if (failed.length > LISTED_MAX_FAILURES)
    printNote(`and ${count(failed.length - LISTED_MAX_FAILURES, "more line")}: see the report`);
  throw new ImportIncompleteError(
    "Fix these lines and run the same command again. If a store was unreachable, wait five minutes first.",
  );
}

function describeLine({ line, error, details = {} }: Verdict): string {
  const problems = Object.entries(details).map(([field, problem]) => `${field} ${problem}`);
  return printable(`line ${line}: ${[error, ...problems].join("; ")}`);
}

function describeProgress({ imported, failed, skipped, repeated }: Progress, lines: number): string {
  const [done, ...parts] = [imported + failed + skipped + repeated, imported, skipped, failed].map((number) =>
    number.toLocaleString("en-US"),
  );
  return `${done} of ${count(lines, "line")}: ${parts[0]} imported, ${parts[1]} skipped, ${parts[2]} failed`;
}

async function hash(): Promise<void> {
  if (process.stdin.isTTY) printNote("Type keys, one per line. Ctrl-D ends.");
  const lines = (await readStandardInput()).split(LINE_END).map((line) => line.trim());
  lines.forEach((text, i) => {
    if (text === "" || (TOKEN_TEXT.test(text) && !QUOTE_OR_SEPARATOR.test(text))) return;
    throw new UsageError(`line ${i + 1} is not a key: a key has no spaces, quotes, commas or semicolons`);
  });
  for (const key of lines.filter((text) => text !== "")) {
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

<file>.report.jsonl gets the result of each line. The next run skips the keys that have an id there and
tries the others again.`;
