// The rules of the architecture, checked on the text of the sources. They rely on the formatter's layout: a block ends
// at the next line with the indentation of its first.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { POLICY } from "../src/policy.ts";

const PROJECT = join(import.meta.dirname, "..");
const FILE_MAX_LINES = 250;
const FUNCTION_MAX_LINES = 70;

/** Every file of src, by its path in src. */
const FILES: ReadonlyMap<string, string> = new Map(
  readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") || path.endsWith(".tsx"))
    .map((path) => [path, readFileSync(join(PROJECT, "src", path), "utf8")]),
);

/** The Worker's files, without comments; the demo and the CLI are separate programs. */
const WORKER: ReadonlyMap<string, string> = new Map(
  [...FILES].filter(([path]) => !/^(?:demo|cli)\//.test(path)).map(([path, text]) => [path, codeOf(text)]),
);

test("the tests find the sources", () => {
  for (const path of ["worker.ts", "refusals.ts", "gateway/gateway.ts", "keys/key-store.ts"]) {
    expect(WORKER.has(path), path).toBe(true);
  }
});

describe("imports", () => {
  test("the gateway does not import the control plane, directly or indirectly", () => {
    const gateway = [...WORKER.keys()].filter((path) => path.startsWith("gateway/"));
    const reached = reachableFrom(gateway);
    expect([...reached].filter((path) => path.startsWith("control/"))).toEqual([]);
    // The search finds what the gateway does import.
    expect(reached).toContain("policy.ts");
    expect(reached).toContain("keys/key-store.ts");
  });

  test("the key page is imported on demand, and by worker.ts only", () => {
    const isPage = (path: string) => path.startsWith("portal/");
    const importers = [...WORKER].filter(
      ([path, code]) => !isPage(path) && /(?:\bfrom|\bimport)\s*\(?\s*["'][^"']*\/portal\//.test(code),
    );
    expect(importers.map(([path]) => path)).toEqual(["worker.ts"]);
    const named = importers.flatMap(([, code]) => code.match(/.*["']\.\/portal\/.*/g) ?? []);
    expect(named.map((line) => line.trim())).toEqual([
      'const { keyPage } = await import("./portal/key-page.tsx");',
    ]);
    expect([...reachableFrom(["portal/key-page.tsx"])].filter(isPage).sort()).toEqual(
      [...WORKER.keys()].filter(isPage).sort(),
    );
  });

  test("the Worker does not import the demo or the CLI", () => {
    const reached = reachableFrom([...WORKER.keys()]);
    // JSON imports nothing.
    const code = [...reached].filter((path) => !path.endsWith(".json"));
    expect(code.filter((path) => !WORKER.has(path))).toEqual([]);
  });

  test("form no circle, types included", () => {
    const circles = [...FILES.keys()].filter((path) =>
      importsOf(path).some((target) => reachableFrom([target]).has(path)),
    );
    expect(circles).toEqual([]);
  });

  test("between rooms go in one direction only", () => {
    const rooms: Readonly<Record<string, readonly string[]>> = {
      http: [],
      keys: ["http"],
      leases: ["keys", "http"],
      // Of the isolate's side, the ledger imports the protocol and the way to another ledger only.
      ledger: ["keys", "leases"],
      gateway: ["leases", "keys", "http"],
      control: ["ledger", "leases", "keys", "http"],
      portal: ["control", "ledger", "keys", "http"],
    };
    const wrong = Object.entries(rooms).flatMap(([room, allowed]) =>
      [...WORKER.keys()]
        .filter((path) => path.startsWith(`${room}/`))
        .flatMap((path) => importsOf(path).map((target) => `${path} → ${target}`))
        .filter((arrow) => {
          const target = arrow.split(" → ")[1] ?? "";
          const other = target.includes("/") ? target.split("/")[0] : null;
          return other !== null && other !== room && !allowed.includes(other ?? "");
        }),
    );
    expect(wrong).toEqual([]);
    const fromLedger = [...WORKER.keys()].filter((path) => path.startsWith("ledger/")).flatMap(importsOf);
    expect(new Set(fromLedger.filter((path) => path.startsWith("leases/")))).toEqual(
      new Set(["leases/call-ledger.ts", "leases/protocol.ts"]),
    );
  });

  test("the policy table imports nothing", () => {
    expect([...reachableFrom(["policy.ts"])]).toEqual(["policy.ts"]);
  });
});

describe("KV", () => {
  const others = [...WORKER].filter(([path]) => path !== "keys/key-store.ts");

  test("is called by key-store.ts only; other files pass it on", () => {
    expect(filesMatching(/(?:\bkv|#kv|\bAPI_KEYS)\s*(?:\?\.|\.|\[)/)).toEqual(["keys/key-store.ts"]);
    // Under another name the pattern would miss it.
    const names = others.flatMap(([, code]) =>
      [...code.matchAll(/(\S+)\s*:\s*KVNamespace/g)].map((match) => match[1]),
    );
    expect(names.filter((name) => !["kv", "#kv", "API_KEYS"].includes(name ?? ""))).toEqual([]);
  });

  test("has its entry names built by key-store.ts only", () => {
    expect(filesMatching(/["'`]key:/)).toEqual(["keys/key-store.ts"]);
  });
});

describe("refusals", () => {
  test("only refusals.ts and client-response.ts create a response", () => {
    expect(filesMatching(/new Response\(|Response\.(?:json|error|redirect)\(/)).toEqual([
      "gateway/client-response.ts",
      "refusals.ts",
    ]);
  });

  test("only refusals.ts contains error statuses", () => {
    expect(
      filesMatching(/\bstatus(?:Code)?\s*:\s*[45]\d\d\b|\.(?:json|text|body|html)\([^;]*,\s*[45]\d\d\b/),
    ).toEqual(["refusals.ts"]);
    expect(filesMatching(/HTTPException|\.status\([45]\d\d\)|\.notFound\(\)/)).toEqual([]);
  });
});

test("only the outermost layer and the ledger read the clock", () => {
  const readers = filesMatching(/\bDate\.now\b|\bperformance\.now\b|\bnew Date\(\)|\bDate\(\)/);
  // The key page's script runs in the browser.
  const outermost = ["portal/script.ts", "worker.ts", "isolate-context.ts", "gateway/gateway.ts"];
  expect(readers.filter((path) => !outermost.includes(path) && !path.startsWith("ledger/"))).toEqual([]);
});

test("only log.ts writes to the log", () => {
  expect(filesMatching(/\bconsole\b/)).toEqual(["log.ts"]);
});

describe("size", () => {
  test(`no file is longer than ${FILE_MAX_LINES} lines`, () => {
    const long = [...FILES].map(([path, text]) => ({ path, lines: text.trimEnd().split("\n").length }));
    expect(long.filter(({ lines }) => lines > FILE_MAX_LINES)).toEqual([]);
  });

  test(`no function is longer than ${FUNCTION_MAX_LINES} lines`, () => {
    const long = [...FILES].flatMap(([path, text]) => functionsOf(text).map((found) => ({ path, ...found })));
    expect(long.filter(({ lines }) => lines > FUNCTION_MAX_LINES)).toEqual([]);
    expect(long.length).toBeGreaterThan(FILES.size);
  });

  test("no file has a name without meaning", () => {
    const named = [...FILES.keys()].filter((path) =>
      /(?:^|\/)(?:utils?|helpers?|common|types)\.ts$/.test(path),
    );
    expect(named).toEqual([]);
  });
});

test("the table under `## Policy` in the README is policy.ts, row by row", () => {
  const readme = readFileSync(join(PROJECT, "README.md"), "utf8");
  const section = /^## Policy\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readme)?.[1] ?? "";
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.replaceAll("`", "").split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter(([method = ""]) => /^[A-Z]+$/.test(method));
  expect(rows).toEqual(
    POLICY.map(({ method, route, permission, modes }) => [method, route, permission, modes.join(", ")]),
  );
});

/** The Worker's files whose code matches, sorted. */
function filesMatching(pattern: RegExp): string[] {
  return [...WORKER]
    .filter(([, code]) => pattern.test(code))
    .map(([path]) => path)
    .sort();
}

/** The files that a file imports, types included. */
function importsOf(path: string): string[] {
  const imports = codeOf(FILES.get(path) ?? "").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g);
  return [...imports].map(([, target = ""]) => posix.join(dirname(path), target));
}

/** These files and every file that they import, directly or indirectly, types included. */
function reachableFrom(paths: readonly string[]): ReadonlySet<string> {
  const reached = new Set(paths);
  for (const path of reached) {
    for (const target of importsOf(path)) reached.add(target);
  }
  return reached;
}

function codeOf(text: string): string {
  // The pattern of a route, "/v1/*", begins no comment.
  return text.replace(/(?<=^|\s)\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

/** Functions, methods and other blocks that follow a parenthesis or an arrow. */
function functionsOf(text: string): { begins: string; lines: number }[] {
  const lines = text.split("\n");
  return lines.flatMap((line, last) => {
    if (!/(?:\)|=>)[^;]*\{$/.test(line)) return [];
    const indent = /^ */.exec(line)?.[0] ?? "";
    let first = last;
    // `): Promise<void> {` ends a parameter list that starts on an earlier line.
    while (first > 0 && !new RegExp(`^${indent}[^ )}]`).test(lines[first] ?? "")) first -= 1;
    const end = lines.findIndex((other, i) => i > last && other.startsWith(`${indent}}`));
    return [{ begins: (lines[first] ?? "").trim(), lines: end - first + 1 }];
  });
}
