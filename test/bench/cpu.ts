/** CPU time of a process, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of CPU of all current threads, with nanosecond resolution. */
export function cpuMsOf(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended in the meantime.
    }
  }
  return nanoseconds / 1e6;
}
