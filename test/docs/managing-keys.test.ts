// docs/managing-keys.md, as a reader follows it: every block of commands is run as it is printed, in order, in one
// shell. The test fills in the gateway's address and token, and the id or key (`key_…`, `oct_live_…`) that the block
// before has printed.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { within } from "../support/time-limits.ts";
import { codeBlocks, pageText } from "./pages.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const BLOCK_LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 300_000;

/** The output of each block, in order, that shows that it did what the page says. */
const EXPECTED: readonly (readonly RegExp[])[] = [
  // The three settings.
  [],
  // Generating API Keys and Key Rotation with the command line.
  [
    /^name +Production Server$/m,
    /^permissions +posts:read,posts:write$/m,
    /^oct_live_\w{46}$/m,
    /Copy the key now/,
  ],
  [/^200$/m],
  [/^name +Production Server$/m, /^oct_live_\w{46}$/m, /works until/],
  [/^200$/m],
  [
    /^state +revokes /m,
    /^last used +2/m,
    /^Revoked key_\w{22} "Production Server"\.$/m,
    /^Revoked everywhere since/m,
  ],
  [/^401$/m, /^200$/m],
  // The same with curl.
  [/"name":"Production Server".*"permissions":\["posts:read","posts:write"\].*"secret":"oct_live_\w{46}"/],
  [/^200$/m],
  [/"replaces":\{"id":"key_\w{22}".*"secret":"oct_live_\w{46}"/],
  [/^200$/m],
  [/"last_used_at":"2.*"revoked_at":null/, /"effective_at":"2.*"waited_ms":\d+/],
  [/^401$/m, /^200$/m],
];

let cluster: GatewayCluster;
let shell: ChildProcessWithoutNullStreams;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  shell = spawn("sh", { cwd: PROJECT, env: { PATH, HOME, NODE_COMPILE_CACHE } });
});
afterAll(() => void shell.kill("SIGKILL"));

test(
  "every command of the page does what the page says",
  async () => {
    const blocks = codeBlocks(pageText("docs/managing-keys.md"), "bash");
    expect(blocks).toHaveLength(EXPECTED.length);
    let printed = "";
    for (const [index, block] of blocks.entries()) {
      printed = await run(filledIn(block, printed));
      let rest = printed;
      for (const expected of EXPECTED[index] ?? []) {
        expect(rest, `block ${index + 1}:\n${block}`).toMatch(expected);
        rest = rest.slice(rest.search(expected));
      }
    }
  },
  TEST_LIMIT_MS,
);

function filledIn(block: string, printedBefore: string): string {
  const { host, port } = cluster.gateway(0);
  const lastOf = (kind: RegExp) => kind.exec(printedBefore)?.[0] ?? "nothing-was-printed";
  return block
    .replaceAll("http://localhost:8787", `http://${host}:${port}`)
    .replace("CONTROL_TOKEN=…", `CONTROL_TOKEN=${cluster.settings.CONTROL_TOKEN}`)
    .replaceAll("key_…", lastOf(/key_\w{22}/))
    .replaceAll("oct_live_…", lastOf(/oct_live_\w{46}/));
}

/** What the commands print, on both streams; standard error after standard output. */
async function run(commands: string): Promise<string> {
  const end = `end-${performance.now()}`;
  const outputs = [shell.stdout, shell.stderr].map(
    (stream) =>
      new Promise<string>((resolve) => {
        let text = "";
        const take = (bytes: Buffer) => {
          text += bytes.toString();
          if (!text.includes(`${end}\n`)) return;
          stream.off("data", take);
          resolve(text.slice(0, text.indexOf(end)));
        };
        stream.on("data", take);
      }),
  );
  shell.stdin.write(`${commands}\necho ${end}; echo ${end} >&2\n`);
  return (await within(BLOCK_LIMIT_MS, commands, Promise.all(outputs))).join("");
}
