// `npm start`, as a reader of the README meets it: the printed commands are run as they are printed.

import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findBusyPort } from "../../src/demo/ports.ts";
import { walkthrough } from "../../src/demo/walkthrough.ts";

const run = promisify(execFile);

const START = fileURLToPath(new URL("../../src/demo/start.ts", import.meta.url));
const READY = /\/portal\/enter\/\S+\n/;
const STARTING_TIMEOUT_MS = 90_000;
const WALK_TIMEOUT_MS = 120_000;
const STOPPING_TIMEOUT_MS = 30_000;

// What is expected of a command does not depend on the text of the keys it is run with, except where
// a key is looked for by name; those are filled in from what was printed.
const KEY_PATTERN = /^ {2}(live key|test key|read-only live key|control token) +(\S+)/gm;

describe("npm start", () => {
  let ports: number[];
  let temporary: string;
  let start: Started;

  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), "start-test-"));
    ports = await freePorts(3);
    start = startWith(ports, temporary);
    await start.printed(READY);
  }, STARTING_TIMEOUT_MS);

  afterAll(async () => {
    await end(start);
    await rm(temporary, { recursive: true, force: true });
  }, STOPPING_TIMEOUT_MS);

  test(
    "every printed command, run as printed and in order, shows what it says it shows",
    async () => {
      const printed = printedCommands(start.output());
      const expected = expectedSteps(ports, start.output(), printed);
      expect(printed.map(({ title }) => title)).toEqual(expected.map(({ title }) => title));
      for (const [index, { title, command }] of printed.entries()) {
        const { stdout, stderr } = await run("sh", ["-c", command]);
        const { lines, shows, hides } = expected[index]?.expect ?? { lines: [], shows: [], hides: [] };
        expect(stderr, title).toBe("");
        expect(stdout.split("\n"), title).toEqual(expect.arrayContaining(lines));
        for (const text of shows) expect(stdout, title).toContain(text);
        for (const text of hides) expect(stdout, title).not.toContain(text);
      }
    },
    WALK_TIMEOUT_MS,
  );

  test("the live origin never heard of the sandbox post, nor of what was refused", () => {
    const heard = (origin: string) =>
      start
        .output()
        .split("\n")
        .filter((line) => line.startsWith(`${origin} origin  `));
    const published = (origin: string) =>
      heard(origin)
        .join("\n")
        .match(/\/(post_\w+)\/publish 200/)?.[1];
    expect(published("sandbox")).toMatch(/^post_/);
    expect(heard("live").join("\n")).not.toContain(published("sandbox"));
    // One post of each key was created; the read-only key's never got past the gateway.
    for (const origin of ["live", "sandbox"]) {
      expect(heard(origin).filter((line) => line.endsWith("POST /v1/posts 201"))).toHaveLength(1);
    }
    expect(heard("live").at(-1)).toBe("live origin  GET /v1/posts cut off");
    expect(heard("live").filter((line) => line.endsWith(" 401"))).toEqual(["live origin  GET /v1/posts 401"]);
  });

  test("the last line of what it says is a link to the key page of the demo account, good once", async () => {
    const link = /^http:\S+\/portal\/enter\/demo\.\S+$/m.exec(start.output())?.[0] ?? "no link";
    const entered = await fetch(link, { redirect: "manual" });
    expect([entered.status, entered.headers.get("Location")]).toEqual([303, "/portal/keys"]);
    const cookie = /^[^;]+/.exec(entered.headers.get("Set-Cookie") ?? "")?.[0] ?? "";
    const page = await fetch(new URL("/portal/keys", link), { headers: { Cookie: cookie } });
    expect(await page.text()).toContain("Demo, test");
    expect((await fetch(link)).status).toBe(410);

    const another = /^curl .*\/portal-sessions .*$/m.exec(start.output())?.[0] ?? "false";
    const { stdout } = await run("sh", ["-c", another]);
    expect((await fetch(JSON.parse(stdout).url, { redirect: "manual" })).status).toBe(303);
  });

  test("a second one on a busy port names the port and the flag, and starts nothing", async () => {
    const [free1 = 0, free2 = 0] = await freePorts(2);
    const busy = ports[1] ?? 0;
    const before = await readdir(temporary);
    const second = startWith([free1, busy, free2], temporary);
    expect(await second.exited).toBe(1);
    expect(second.output()).toMatch(new RegExp(`Port ${busy} is busy.*--live-port`));
    expect(second.output()).not.toContain("Starting");
    expect(await readdir(temporary)).toEqual(before);
    for (const port of [free1, free2]) expect(await answers(port)).toBe(false);
  });

  test(
    "Ctrl-C ends everything it started and leaves nothing behind",
    async () => {
      const family = await processesUnder(start.child.pid ?? 0);
      // At least wrangler and workerd: else this test looks at nothing.
      expect(family.length).toBeGreaterThan(1);
      expect(await readdir(temporary)).toHaveLength(1);
      start.child.kill("SIGINT");
      expect(await start.exited).toBe(0);
      const left = await running();
      expect(family.filter((pid) => left.has(pid))).toEqual([]);
      for (const port of ports) expect(await answers(port)).toBe(false);
      expect(await readdir(temporary)).toEqual([]);
    },
    STOPPING_TIMEOUT_MS,
  );
});

test(
  "Ctrl-C before the gateway is ready ends everything too",
  async () => {
    const temporary = await temporaryDirectory();
    const start = startWith(await freePorts(3), temporary);
    onTestFinished(() => end(start));
    await start.printed(/Starting the gateway/);
    const family = await processesUnder(start.child.pid ?? 0);
    start.child.kill("SIGINT");
    expect(await start.exited).toBe(0);
    const left = await running();
    expect(family.filter((pid) => left.has(pid))).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  },
  STARTING_TIMEOUT_MS,
);

test(
  "when npm is killed, which takes only its shell along, everything ends too",
  async () => {
    const temporary = await temporaryDirectory();
    const [port, live, sandbox] = await freePorts(3);
    const command = `"${process.execPath}" "${START}" --port ${port} --live-port ${live} --sandbox-port ${sandbox}`;
    // The second command keeps every kind of shell from replacing itself by the first.
    const npm = watch(
      spawn("sh", ["-c", `${command}; true`], {
        env: { ...process.env, TMPDIR: temporary, npm_lifecycle_event: "start" },
      }),
    );
    onTestFinished(() => end(npm));
    await npm.printed(READY);
    const family = await processesUnder(npm.child.pid ?? 0);
    npm.child.kill("SIGTERM");
    // Its output is closed when the last process that could write to it has ended.
    await npm.exited;
    const left = await running();
    expect(family.filter((pid) => left.has(pid))).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  },
  STARTING_TIMEOUT_MS,
);

test("an unknown flag: says so and how to call it, exit code 2", async () => {
  const start = startWith([], tmpdir(), "--prot", "1");
  expect(await start.exited).toBe(2);
  expect(start.output()).toMatch(/--prot[\s\S]*npm start -- /);
});

interface Started {
  child: ChildProcessWithoutNullStreams;
  /** All that was printed until now, errors included. */
  output(): string;
  /** Resolves when it has been printed; rejects when the process ends without. */
  printed(pattern: RegExp): Promise<void>;
  exited: Promise<number | null>;
}

function startWith(ports: number[], temporary: string, ...more: string[]): Started {
  const [port, live, sandbox] = ports.map(String);
  const flags = port ? ["--port", port, "--live-port", live ?? "", "--sandbox-port", sandbox ?? ""] : [];
  return watch(
    spawn(process.execPath, [START, ...flags, ...more], { env: { ...process.env, TMPDIR: temporary } }),
  );
}

function watch(child: ChildProcessWithoutNullStreams): Started {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      child.emit("printed");
    });
  }
  const exited = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    exited,
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(output) && resolve();
        child.on("printed", look);
        exited.then((code) => reject(new Error(`ended with ${code}:\n${output}`)));
        look();
      }),
  };
}

async function end(started: Started): Promise<void> {
  started.child.kill("SIGTERM");
  await started.exited;
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "start-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function printedCommands(output: string): { title: string; command: string }[] {
  return [...output.matchAll(/^# \d+\. (.+)\n([\s\S]+?)\n\n/gm)].map(([, title = "", command = ""]) => ({
    title,
    command,
  }));
}

/** What the walkthrough expects, given the keys that were printed and the ids in the commands. */
function expectedSteps(ports: number[], output: string, printed: { command: string }[]) {
  const shown = Object.fromEntries([...output.matchAll(KEY_PATTERN)].map(([, name, text]) => [name, text]));
  const ids = printed.flatMap(({ command }) => command.match(/key_\w+/) ?? []);
  const key = (name: string, id = "") => ({ id, secret: shown[name] ?? "" });
  return walkthrough({
    gatewayUrl: `http://localhost:${ports[0]}`,
    liveOriginUrl: `http://127.0.0.1:${ports[1]}`,
    account: "demo",
    controlToken: shown["control token"] ?? "",
    keys: {
      live: key("live key", ids.at(-1)),
      test: key("test key"),
      readOnly: key("read-only live key", ids.at(-2)),
    },
  });
}

/** Below the range that listening on port 0 takes from, so that no other test gets in between. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if ((await findBusyPort({ port })) === undefined) ports.add(port);
  }
  return [...ports];
}

function answers(port: number): Promise<boolean> {
  return fetch(`http://localhost:${port}/`).then(
    () => true,
    () => false,
  );
}

/** Process ids with their parents', without those that have ended but were not collected yet. */
async function running(): Promise<Map<number, number>> {
  const { stdout } = await run("ps", ["-eo", "pid=,ppid=,stat="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return new Map(
    rows
      .filter(([, , state]) => !state?.startsWith("Z"))
      .map(([pid, parent]) => [Number(pid), Number(parent)]),
  );
}

async function processesUnder(ancestor: number): Promise<number[]> {
  const parents = await running();
  const isUnder = (pid: number | undefined): boolean =>
    pid !== undefined && pid !== 0 && (pid === ancestor || isUnder(parents.get(pid)));
  return [...parents.keys()].filter((pid) => pid !== ancestor && isUnder(pid));
}
