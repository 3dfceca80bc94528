/**
 * workerd processes that a vitest worker does not close itself. They end with their worker, except on a slow machine, where
 * vitest kills the worker first: then the end of the run ends them. Recorded as files beside the bundle.
 */

import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const PREFIX = "workerd-";

export function recordProcess(bundle: string, pid: number): void {
  writeFileSync(join(dirname(bundle), `${PREFIX}${pid}`), "");
}

export function endRecordedProcesses(bundle: string): void {
  for (const name of readdirSync(dirname(bundle))) {
    if (!name.startsWith(PREFIX)) continue;
    try {
      process.kill(Number(name.slice(PREFIX.length)));
    } catch {
      // It has ended with its worker.
    }
  }
}
