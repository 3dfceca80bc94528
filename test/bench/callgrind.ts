/**
 * Counts the instructions that a process executes in user space, with valgrind's callgrind. Counts hardly depend on the
 * load of the machine, where times do; kernel and waiting are not in them.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Callgrind {
  /** The command that runs another one under callgrind. */
  readonly command: readonly string[];
  /** Instructions of all threads of the process while `work` runs, pauses of the process included. */
  readonly count: (pid: number, work: () => Promise<void>) => Promise<number>;
  readonly close: () => void;
}

/** Null if valgrind is not installed. */
export function startCallgrind(): Callgrind | null {
  try {
    execFileSync("valgrind", ["--version"], { stdio: "ignore" });
  } catch {
    return null;
  }
  const directory = mkdtempSync(join(tmpdir(), "octopost-callgrind-"));
  const tell = (pid: number, ...words: string[]) => run("vgdb", [`--pid=${pid}`, "--wait=10", ...words]);
  return {
    // V8 writes machine code, which callgrind must translate again. Nothing is counted until it is told to.
    command: [
      "valgrind",
      "--tool=callgrind",
      "--smc-check=all-non-file",
      "--instr-atstart=no",
      `--callgrind-out-file=${join(directory, "counts.%p")}`,
    ],
    count: async (pid, work) => {
      // Never off again: callgrind 3.19 miscounts after that.
      await tell(pid, "instrumentation", "on");
      await tell(pid, "zero");
      await work();
      await tell(pid, "dump");
      return totalOf(directory, pid);
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The total of the process's dump, which is removed. */
function totalOf(directory: string, pid: number): number {
  const name = readdirSync(directory).find((file) => file.startsWith(`counts.${pid}.`));
  if (name === undefined) throw new Error("callgrind has dumped no counts");
  const dump = readFileSync(join(directory, name), "utf8");
  rmSync(join(directory, name));
  const total = Number(/^(?:totals|summary): (\d+)/m.exec(dump)?.[1]);
  if (!(total > 0)) throw new Error("callgrind has counted nothing");
  return total;
}
