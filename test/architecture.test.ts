// The rules of the code's shape that a reader relies on, kept by reading the sources as text. The
// formatter's layout is taken for granted: a block ends where its first line's indentation comes back.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { POLICY } from "../src/policy.ts";

const PROJECT = join(import.meta.dirname, "..");
const FILE_MAX_LINES = 250;
const FUNCTION_MAX_LINES = 70;

/** Every file of src, by its path in there. */
const FILES: ReadonlyMap<string, string> = new Map(
  readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") || path.endsWith(".tsx"))
    .map((path) => [path, readFileSync(join(PROJECT, "src", path), "utf8")]),
);

/** What runs at the edge, without comments; the demo and the commands are programs of their own. */
const WORKER: ReadonlyMap<string, string> = new Map(
  [...FILES].filter(([path]) => !/^(?:demo|cli)\//.test(path)).map(([path, text]) => [path, codeOf(text)]),
);

test("the sources are where these tests look for them", () => {
  for (const path of ["worker.ts", "refusals.ts", "gateway/gateway.ts", "keys/key-store.ts"]) {
    expect(WORKER.has(path), path).toBe(true);
  }
});

describe("who knows whom", () => {
  test("the gateway never reaches the control plane, directly or through others", () => {
    const gateway = [...WORKER.keys()].filter((path) => path.startsWith("gateway/"));
    const reached = reachableFrom(gateway);
    expect([...reached].filter((path) => path.startsWith("control/"))).toEqual([]);
    // The walk itself works: the gateway does reach what it is made of.
    expect(reached).toContain("policy.ts");
    expect(reached).toContain("keys/key-store.ts");
  });

  test("the key page is loaded by its first visitor, and nothing else reaches it", () => {
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

  test("what runs at the edge never reaches the demo or the commands", () => {
    const reached = reachableFrom([...WORKER.keys()]);
    // Data reaches nothing.
    const code = [...reached].filter((path) => !path.endsWith(".json"));
    expect(code.filter((path) => !WORKER.has(path))).toEqual([]);
  });

  test("imports form no circle, types included", () => {
    const circles = [...FILES.keys()].filter((path) =>
      importsOf(path).some((target) => reachableFrom([target]).has(path)),
    );
    expect(circles).toEqual([]);
  });

  test("rooms import in one direction only", () => {
    const rooms: Readonly<Record<string, readonly string[]>> = {
      http: [],
      keys: ["http"],
      leases: ["keys", "http"],
      // Of the isolate's side, the ledger knows the protocol alone.
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
    expect([...new Set(fromLedger.filter((path) => path.startsWith("leases/")))]).toEqual([
      "leases/protocol.ts",
    ]);
  });

  test("the policy table depends on nothing", () => {
    expect([...reachableFrom(["policy.ts"])]).toEqual(["policy.ts"]);
  });
});

describe("KV", () => {
  const others = [...WORKER].filter(([path]) => path !== "keys/key-store.ts");

  test("is asked by key-store.ts alone; others only hand it on", () => {
    expect(filesMatching(/(?:\bkv|#kv|\bAPI_KEYS)\s*(?:\?\.|\.|\[)/)).toEqual(["keys/key-store.ts"]);
    // Under another name it would not be seen here.
    const names = others.flatMap(([, code]) =>
      [...code.matchAll(/(\S+)\s*:\s*KVNamespace/g)].map((match) => match[1]),
    );
    expect(names.filter((name) => !["kv", "#kv", "API_KEYS"].includes(name ?? ""))).toEqual([]);
  });

  test("has its entries named by key-store.ts alone", () => {
    expect(filesMatching(/["'`]key:/)).toEqual(["keys/key-store.ts"]);
  });
});

describe("saying no", () => {
  test("only refusals.ts and the passing on of the origin's answer make a response", () => {
    expect(filesMatching(/new Response\(|Response\.(?:json|error|redirect)\(/)).toEqual([
      "gateway/client-response.ts",
      "refusals.ts",
    ]);
  });

  test("only refusals.ts knows the status of an error", () => {
    expect(
      filesMatching(/\bstatus(?:Code)?\s*:\s*[45]\d\d\b|\.(?:json|text|body|html)\([^;]*,\s*[45]\d\d\b/),
    ).toEqual(["refusals.ts"]);
    expect(filesMatching(/HTTPException|\.status\([45]\d\d\)|\.notFound\(\)/)).toEqual([]);
  });
});

test("only the outermost layer and the ledger read the clock", () => {
  const readers = filesMatching(/\bDate\.now\b|\bperformance\.now\b|\bnew Date\(\)|\bDate\(\)/);
  // The key page's script has the browser's clock alone.
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

  test("no file is named for no job", () => {
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

/** The files of src that a file imports, types included. */
function importsOf(path: string): string[] {
  const imports = codeOf(FILES.get(path) ?? "").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g);
  return [...imports].map(([, target = ""]) => posix.join(dirname(path), target));
}

/** Every file that these import, and those import, and so on; types too, and themselves. */
function reachableFrom(paths: readonly string[]): ReadonlySet<string> {
  const reached = new Set(paths);
  for (const path of reached) {
    for (const target of importsOf(path)) reached.add(target);
  }
  return reached;
}

function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

/** Functions, methods and other blocks behind a parenthesis or an arrow, by their first line. */
function functionsOf(text: string): { begins: string; lines: number }[] {
  const lines = text.split("\n");
  return lines.flatMap((line, last) => {
    if (!/(?:\)|=>)[^;]*\{$/.test(line)) return [];
    const indent = /^ */.exec(line)?.[0] ?? "";
    let first = last;
    // `): Promise<void> {` ends a list of parameters that began further up.
    while (first > 0 && !new RegExp(`^${indent}[^ )}]`).test(lines[first] ?? "")) first -= 1;
    const end = lines.findIndex((other, i) => i > last && other.startsWith(`${indent}}`));
    return [{ begins: (lines[first] ?? "").trim(), lines: end - first + 1 }];
  });
}
