// One run of an import: sends the rows of a file in calls of at most a thousand rows, and reports a verdict per line.
//
// Guarantees that every line that is not blank gets a verdict in the report, that a store which is unreachable for a
// moment fails no row, and that a run can be repeated: imported keys keep their ids.

import { setTimeout as sleep } from "node:timers/promises";
import { IMPORT_MAX_KEYS } from "../../control/control-input.ts";
import { importKeys } from "../../control/operations/import-keys.ts";
import { freshIdempotencyKey } from "./command-context.ts";
import type { ControlPlaneClient } from "./control-plane-client.ts";
import { type ImportEntry, readImportFile } from "./import-file.ts";
import type { ImportReport, Verdict } from "./import-report.ts";
import type { ImportScan } from "./import-scan.ts";

/** The gateway accepts a body of 1 MiB. */
const ROWS_MAX_BYTES = 1_000_000;
/** Delays before the rows for which a store was unreachable are sent again. */
const RETRY_DELAYS_MS = [1000, 2000, 4000];
const RETRYABLE = new Set(["store_unreachable", "ledger_unreachable"]);

type Row = Extract<ImportEntry, { row: object }>;

export interface Progress {
  /** Lines with a verdict of this run. */
  readonly imported: number;
  readonly failed: number;
  /** Lines that have an id in the report. */
  readonly skipped: number;
  /** Lines that repeat an imported line. */
  readonly repeated: number;
}

export class ImportRun {
  readonly #gateway: ControlPlaneClient;
  readonly #report: ImportReport;
  readonly #scan: ImportScan;
  readonly #onProgress: (progress: Progress) => void;
  readonly failures: Verdict[] = [];
  /** Why requests with the imported keys fail. */
  warning: string | undefined;
  #imported = 0;
  #skipped = 0;
  #repeated = 0;

  /** `onProgress` is called after every request. */
  constructor(
    gateway: ControlPlaneClient,
    report: ImportReport,
    scan: ImportScan,
    onProgress: (progress: Progress) => void,
  ) {
    this.#gateway = gateway;
    this.#report = report;
    this.#scan = scan;
    this.#onProgress = onProgress;
  }

  get progress(): Progress {
    return {
      imported: this.#imported,
      failed: this.failures.length,
      skipped: this.#skipped,
      repeated: this.#repeated,
    };
  }

  /** Rejects when the gateway refuses or is unreachable; the report then has the verdicts so far. */
  async importFile(path: string): Promise<void> {
    let rows: Row[] = [];
    let bytes = 0;
    for await (const entry of readImportFile(path)) {
      const { line } = entry;
      const conflict = this.#scan.conflicts.get(line);
      if ("error" in entry) {
        await this.#record([{ line, error: "malformed_line", details: { line: entry.error } }]);
      } else if (conflict !== undefined) {
        await this.#record([{ ...lineOf(entry), error: "conflicting_line", details: { line: conflict } }]);
      } else if (this.#report.hasImported(entry.row.sha256)) {
        this.#skipped += 1;
      } else {
        if (rows.length === IMPORT_MAX_KEYS || bytes + entry.bytes > ROWS_MAX_BYTES) {
          await this.#send(rows);
          rows = [];
          bytes = 0;
        }
        rows.push(entry);
        bytes += entry.bytes + 1;
      }
    }
    if (rows.length > 0) await this.#send(rows);
  }

  async #send(rows: readonly Row[]): Promise<void> {
    let left = await this.#sendOnce(rows, true);
    for (const [attempt, delayMs] of RETRY_DELAYS_MS.entries()) {
      if (left.length === 0) break;
      await sleep(delayMs);
      left = await this.#sendOnce(left, attempt < RETRY_DELAYS_MS.length - 1);
    }
    this.#onProgress(this.progress);
  }

  /** Returns the rows to send again. */
  async #sendOnce(rows: readonly Row[], retry: boolean): Promise<Row[]> {
    const { keys, warning } = await this.#gateway.call(importKeys, {
      body: { keys: rows.map(({ row }) => row) },
      idempotencyKey: freshIdempotencyKey(),
    });
    this.warning ??= warning;
    const unreachable: Row[] = [];
    const verdicts: Verdict[] = [];
    for (const [index, row] of rows.entries()) {
      const { id, error = "no_verdict", details } = keys[index] ?? {};
      if (id !== undefined) verdicts.push({ ...lineOf(row), id });
      else if (retry && RETRYABLE.has(error)) unreachable.push(row);
      else verdicts.push({ ...lineOf(row), error, ...(details && { details }) });
    }
    await this.#record(verdicts);
    return unreachable;
  }

  async #record(verdicts: readonly Verdict[]): Promise<void> {
    await this.#report.add(verdicts);
    for (const verdict of verdicts) {
      if (verdict.id === undefined) this.failures.push(verdict);
      else if (this.#scan.repeats.has(verdict.line)) this.#repeated += 1;
      else this.#imported += 1;
    }
  }
}

function lineOf({ line, row }: Row): Pick<Verdict, "line" | "sha256"> {
  return { line, sha256: row.sha256 };
}
