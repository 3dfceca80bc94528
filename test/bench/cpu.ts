/** What a process has spent of the processors, from Linux's own book-keeping. */
import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds on a processor of all threads that the process has now; exact to the nanosecond. */
export function cpuMsOf(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended meanwhile.
    }
  }
  return nanoseconds / 1e6;
}
