/** What all measurements share: the origin and the load generator, each in its own process, and durations. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Load, LoadResult } from "./load.ts";
import type { Product } from "./workers.ts";

export interface Timing {
  readonly roundCount: number;
  readonly roundMs: number;
}

export interface Bench extends Product, Timing {
  readonly originPort: number;
  readonly put: (load: Load) => Promise<LoadResult>;
  /** Number of requests that the origin holds open. */
  readonly heldAtOrigin: () => Promise<number>;
  readonly close: () => void;
}

export async function startBench(bundle: string, timing: Timing): Promise<Bench> {
  const origin = fork(join(import.meta.dirname, "origin.ts"));
  const loader = fork(join(import.meta.dirname, "load.ts"));
  const { port } = await answerOf<{ port: number }>(origin);
  return {
    ...timing,
    bundle,
    originPort: port,
    originUrl: `http://127.0.0.1:${port}`,
    put: (load) => {
      loader.send(load);
      return answerOf<LoadResult>(loader);
    },
    heldAtOrigin: async () => {
      origin.send("how many?");
      return (await answerOf<{ held: number }>(origin)).held;
    },
    close: () => {
      origin.disconnect();
      loader.disconnect();
    },
  };
}

/** The next message of a process; rejects when the process ends instead. */
export function answerOf<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message as Message);
    });
  });
}
