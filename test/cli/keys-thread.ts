// The worker thread of run-keys.ts: runs one command line after another, with the code loaded once.
//
// Guarantees each command an environment and standard streams of its own, as a process has them. Not covered: what ends
// with the process, such as open handles, a closed pipe or Ctrl-D (keys-process.test.ts).

import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { WriteStream } from "node:tty";
import { parentPort } from "node:worker_threads";
import { main } from "../../src/cli/keys/main.ts";
import { typeAfterPrompts } from "./typed-input.ts";

export interface ThreadCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: string | Uint8Array;
  /** null: no terminal. */
  readonly columns: number | null;
}

export interface ThreadResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

parentPort?.on("message", async (command: ThreadCommand) => {
  try {
    parentPort?.postMessage(await run(command));
  } catch (error) {
    parentPort?.postMessage(error);
  }
});

async function run({ args, env, input, columns }: ThreadCommand): Promise<ThreadResult> {
  const [stdout, stderr] = [standardStream(), standardStream()];
  const stdin = columns === null ? Readable.from([input], { objectMode: false }) : new PassThrough();
  if (columns !== null) {
    Object.assign(stdin, { isTTY: true });
    const { getColorDepth } = WriteStream.prototype;
    for (const stream of [stdout, stderr]) Object.assign(stream, { isTTY: true, columns, getColorDepth });
    typeAfterPrompts(stderr, stdin as PassThrough, input);
  }
  process.env = { ...env };
  for (const [name, value] of Object.entries({ stdin, stdout, stderr })) {
    Object.defineProperty(process, name, { value, configurable: true });
  }
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const code = await main(args);
  await setImmediate();
  stdout.end();
  stderr.end();
  const [printed, errors] = await outputs;
  return { code, stdout: printed, stderr: errors };
}

/** As the standard streams of a process, it is not ended by the end of a stream that is piped into it. */
function standardStream(): PassThrough {
  return Object.assign(new PassThrough(), { _isStdio: true });
}
