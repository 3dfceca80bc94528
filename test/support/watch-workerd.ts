/**
 * Observes the workerd process that Miniflare starts: its process id and every line it prints.
 *
 * Miniflare exposes neither, so this subscribes to Node's `child_process` diagnostics channel, which announces each child
 * process. A structured log line is reduced to its message; other lines (a crash, workerd's own) are kept as printed.
 */

import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const CHANNEL = "child_process";

// The channel does not say for whom a child is started, so only one Miniflare starts at a time.
let previousStart: Promise<unknown> = Promise.resolve();

/** Runs `start`, which starts workerd once, and collects its output into `lines`. */
export function watchWorkerd<T>(
  lines: string[],
  start: () => Promise<T>,
): Promise<{ started: T; pid: number }> {
  const turn = previousStart.then(async () => {
    let workerd: ChildProcess | undefined;
    const onChild = (message: unknown) => {
      const child = (message as { process: ChildProcess }).process;
      // The announcement comes before the child has its pipes.
      process.nextTick(() => {
        if (!/workerd/.test(child.spawnfile)) return;
        workerd = child;
        for (const stream of [child.stdout, child.stderr]) if (stream) collectLines(stream, lines);
      });
    };
    subscribe(CHANNEL, onChild);
    try {
      const started = await start();
      if (workerd?.pid === undefined) throw new Error("workerd was not seen to start");
      return { started, pid: workerd.pid };
    } finally {
      unsubscribe(CHANNEL, onChild);
    }
  });
  previousStart = turn.catch(() => {});
  return turn;
}

function collectLines(stream: Readable, lines: string[]): void {
  createInterface({ input: stream }).on("line", (line) => {
    if (line !== "") lines.push(messageOf(line));
  });
}

function messageOf(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const { message } = JSON.parse(line);
    return typeof message === "string" ? message : line;
  } catch {
    return line;
  }
}
