// The report of an import, beside its file: a verdict per line, as JSON Lines, appended after every request.
//
// Guarantees that an interrupted run continues where it stopped: a key with an id here is not sent again to the same
// account of the same gateway. Ids of other gateways are kept. Failed lines are removed, since they are sent again.

import { appendFile, readFile, rename, writeFile } from "node:fs/promises";

const OWNER_ONLY = 0o600;

export interface Verdict {
  readonly line: number;
  readonly sha256?: unknown;
  readonly id?: string;
  readonly error?: string;
  readonly details?: Readonly<Record<string, string>>;
}

interface ReportLine extends Verdict {
  readonly gateway: string;
  readonly account: string;
}

export class ImportReport {
  readonly path: string;
  readonly #target: { readonly gateway: string; readonly account: string };
  /** The row's `sha256` → id. */
  readonly #ids = new Map<unknown, string>();

  /** Rejects when the file cannot be written. Call it before anything is sent. */
  static async open(path: string, gateway: string, account: string): Promise<ImportReport> {
    const report = new ImportReport(path, { gateway, account });
    const kept = (await readLines(path)).filter(({ id }) => id !== undefined);
    for (const line of kept) {
      const isOfTarget = line.gateway === gateway && line.account === account;
      if (isOfTarget && line.id !== undefined) report.#ids.set(line.sha256, line.id);
    }
    const draft = `${path}.new`;
    await writeFile(draft, kept.map((line) => `${JSON.stringify(line)}\n`).join(""), { mode: OWNER_ONLY });
    await rename(draft, path);
    return report;
  }

  private constructor(path: string, target: { gateway: string; account: string }) {
    this.path = path;
    this.#target = target;
  }

  hasImported(sha256: unknown): boolean {
    return this.#ids.has(sha256);
  }

  async add(verdicts: readonly Verdict[]): Promise<void> {
    const lines = verdicts.map((verdict) => `${JSON.stringify({ ...verdict, ...this.#target })}\n`);
    await appendFile(this.path, lines.join(""));
  }
}

/** Skips a last line that an interrupted run has truncated. */
async function readLines(path: string): Promise<ReportLine[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as ReportLine];
    } catch {
      return [];
    }
  });
}
