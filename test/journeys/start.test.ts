// `npm start` as a reader of the README runs it: every printed command is executed as printed.

import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findBusyPorts } from "../../src/demo/ports.ts";
import { readStartOptions } from "../../src/demo/start-options.ts";
import { walkthrough } from "../../src/demo/walkthrough.ts";
import { eventually } from "../support/time-limits.ts";

const run = promisify(execFile);

const START = fileURLToPath(new URL("../../src/demo/start.ts", import.meta.url));
const KEYS = fileURLToPath(new URL("../../src/cli/keys.ts", import.meta.url));
const READY = /\/portal\/enter\/\S+\n/;
const STARTING_TIMEOUT_MS = 90_000;
const WALK_TIMEOUT_MS = 120_000;
const STOPPING_TIMEOUT_MS = 30_000;

// The expectations of the walkthrough, with the keys that were printed.
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
    "every printed command, run in order, shows what its title says",
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

  test("the live origin receives neither the sandbox post nor refused requests", () => {
    const requestsOf = (origin: string) =>
      start
        .output()
        .split("\n")
        .filter((line) => line.startsWith(`${origin} origin  `));
    const published = (origin: string) =>
      requestsOf(origin)
        .join("\n")
        .match(/\/(post_\w+)\/publish 200/)?.[1];
    expect(published("sandbox")).toMatch(/^post_/);
    expect(requestsOf("live").join("\n")).not.toContain(published("sandbox"));
    // The post of the read-only key was refused by the gateway.
    for (const origin of ["live", "sandbox"]) {
      expect(requestsOf(origin).filter((line) => line.endsWith("POST /v1/posts 201"))).toHaveLength(1);
    }
    expect(requestsOf("live").filter((line) => line.endsWith(" aborted"))).toEqual([
      "live origin  GET /v1/posts aborted",
    ]);
    expect(requestsOf("live").filter((line) => line.endsWith(" 401"))).toEqual([
      "live origin  GET /v1/posts 401",
    ]);
  });

  test("the last line is a link to the key page of the demo account that works once", async () => {
    const link = /^http:\S+\/portal\/enter\/demo\.\S+$/m.exec(start.output())?.[0] ?? "no link";
    // The page of the link has one button, which begins the session.
    expect(await (await fetch(link)).text()).toContain("Open API keys");
    const entered = await fetch(link, { method: "POST", redirect: "manual" });
    expect([entered.status, entered.headers.get("Location")]).toEqual([
      303,
      expect.stringMatching(/^\/portal\/keys\b/),
    ]);
    const cookie = /^[^;]+/.exec(entered.headers.get("Set-Cookie") ?? "")?.[0] ?? "";
    const page = await fetch(new URL("/portal/keys", link), { headers: { Cookie: cookie } });
    expect(await page.text()).toContain("Demo, test");
    expect((await fetch(link)).status).toBe(410);

    const another = /^curl .*\/portal-sessions .*$/m.exec(start.output())?.[0] ?? "false";
    const { stdout } = await run("sh", ["-c", another]);
    expect((await fetch(JSON.parse(stdout).url, { method: "POST", redirect: "manual" })).status).toBe(303);
  });

  test("the exported variables serve npm run keys, and the live key works after the walkthrough", async () => {
    const exports = [...start.output().matchAll(/^export .*$/gm)].join("\n");
    const shell = (command: string) => run("sh", ["-c", `${exports}\n${command}`]);
    const list = await shell(`"${process.execPath}" "${KEYS}" list`);
    expect(list.stdout).toContain("Demo, live");
    const request = 'curl -sS -H "Authorization: Bearer $OCTOPOST_LIVE_KEY" "$OCTOPOST_GATEWAY_URL/v1/posts"';
    expect((await shell(request)).stdout).toContain("of the live origin");
  });

  test("on busy ports it names them and a command with free ports, and starts nothing", async () => {
    const [free = 0, freeToo = 0] = await freePorts(2);
    const [, live = 0, sandbox = 0] = ports;
    const before = await readdir(temporary);
    for (const [chosen, busy] of [
      [[free, live, freeToo], `Port ${live} is busy`],
      [[free, live, sandbox], `Ports ${live} and ${sandbox} are busy`],
    ] as const) {
      const second = startWith([...chosen], temporary);
      expect(await second.exited).toBe(1);
      expect(second.output()).toContain(busy);
      expect(second.output()).not.toContain("Starting");
      const [, suggested = ""] = /npm start -- (.*)$/m.exec(second.output()) ?? [];
      const options = readStartOptions(suggested.split(" "));
      const suggestedPorts = "ports" in options ? options.ports : ({} as never);
      expect(suggestedPorts.port).toBe(free);
      expect(await findBusyPorts(suggestedPorts)).toEqual([]);
    }
    expect(await readdir(temporary)).toEqual(before);
    for (const port of [free, freeToo]) expect(await answers(port)).toBe(false);
  });

  test(
    "Ctrl-C stops every process and removes every file",
    async () => {
      const family = await processesUnder(start.child.pid ?? 0);
      // At least wrangler and workerd.
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
  "Ctrl-C before the gateway is ready stops everything too",
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
  "a kill of npm, which reaches only its shell, stops everything too",
  async () => {
    const temporary = await temporaryDirectory();
    const [port, live, sandbox] = await freePorts(3);
    const command = `"${process.execPath}" "${START}" --port ${port} --live-port ${live} --sandbox-port ${sandbox}`;
    // With a second command, no shell replaces itself with the first one.
    const npm = watch(
      spawn("sh", ["-c", `${command}; true`], {
        env: { ...process.env, TMPDIR: temporary, npm_lifecycle_event: "start" },
      }),
    );
    onTestFinished(() => end(npm));
    // As soon as wrangler runs: until the gateway is ready takes longer, and Ctrl-C has been tested then.
    await npm.printed(/Starting the gateway/);
    let family: number[] = [];
    await eventually("wrangler to run", async () => {
      family = await processesUnder(npm.child.pid ?? 0);
      return family.length > 1;
    });
    npm.child.kill("SIGTERM");
    // Its output closes when the last process that can write to it has exited.
    await npm.exited;
    const left = await running();
    expect(family.filter((pid) => left.has(pid))).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  },
  STARTING_TIMEOUT_MS,
);

test("--help lists the options and starts nothing", async () => {
  const temporary = await temporaryDirectory();
  const start = startWith([], temporary, "--help");
  expect(await start.exited).toBe(0);
  for (const option of ["--port", "--live-port", "--sandbox-port"]) expect(start.output()).toContain(option);
  expect(await readdir(temporary)).toEqual([]);
});

test("rejects an unknown option with exit code 2 and names the help", async () => {
  const start = startWith([], tmpdir(), "--prot", "1");
  expect(await start.exited).toBe(2);
  expect(start.output()).toMatch(/--prot[\s\S]*npm start -- /);
});

interface Started {
  child: ChildProcessWithoutNullStreams;
  /** Everything printed so far, stderr included. */
  output(): string;
  /** Resolves when the pattern has been printed; rejects when the process exits first. */
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
        const check = () => pattern.test(output) && resolve();
        child.on("printed", check);
        exited.then((code) => reject(new Error(`exited with ${code}:\n${output}`)));
        check();
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

/** The expectations of the walkthrough, for the printed keys and the IDs in the commands. */
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
      live: key("live key", ids.at(0)),
      test: key("test key"),
      readOnly: key("read-only live key", ids.at(-1)),
    },
  });
}

/** Below the ephemeral range, which other tests use by listening on port 0. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if ((await findBusyPorts({ port })).length === 0) ports.add(port);
  }
  return [...ports];
}

function answers(port: number): Promise<boolean> {
  return fetch(`http://localhost:${port}/`).then(
    () => true,
    () => false,
  );
}

/** Process IDs and their parents', without zombies. */
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
