import type { Readable, Writable } from "node:stream";

const PROMPTS = ["Type yes to continue:", "Key (not shown):"];

/**
 * Types one line of the input after each prompt on `stderr`, or ends the input: a terminal discards text that is typed
 * before a prompt.
 */
export function typeAfterPrompts(stderr: Readable, stdin: Writable, input: string | Uint8Array): void {
  const lines = String(input).match(/.*\n|.+$/g) ?? [];
  const awaited = new Set(PROMPTS);
  let output = "";
  stderr.on("data", (bytes: Buffer) => {
    output += bytes;
    for (const prompt of awaited) {
      if (!output.includes(prompt)) continue;
      // A prompt is printed again after every key.
      awaited.delete(prompt);
      const line = lines.shift();
      if (line === undefined) stdin.end();
      else stdin.write(line);
    }
  });
}
