// Checks the deployed bundle: its size, that it is the same in every environment, and that its stack traces can be mapped
// to the source.

import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { PROJECT_DIRECTORY } from "../src/cli/local-wrangler.ts";
import { symbolicate } from "../src/cli/symbolicate.ts";
import { buildDataPlane } from "./support/build-data-plane.ts";
import { DATA_PLANE_MAX_KIB, gzipBytesOf, WORKER_MAX_KIB } from "./support/bundle-size.ts";

const KIB = 1024;

/** Occurs once, in log.ts. */
const UNIQUE_TEXT = "not an Error";

/** The files of src/ and the packages in a bundle. */
async function partsOf(bundle: string): Promise<string[]> {
  const { sources }: { sources: string[] } = JSON.parse(await readFile(`${bundle}.map`, "utf8"));
  return sources.map((source) => /(?:src|node_modules)\/.*$/.exec(source)?.[0] ?? source);
}

describe("the bundle", () => {
  test(`of the whole Worker has at most ${WORKER_MAX_KIB} KiB`, async () => {
    expect(await gzipBytesOf(inject("workerBundle"))).toBeLessThanOrEqual(WORKER_MAX_KIB * KIB);
  });

  test(`has at most ${DATA_PLANE_MAX_KIB} KiB without the key page and the control plane`, async () => {
    const { bundle, remove } = await buildDataPlane();
    try {
      expect(await gzipBytesOf(bundle)).toBeLessThanOrEqual(DATA_PLANE_MAX_KIB * KIB);
      // The request path is included all the same.
      const parts = await partsOf(bundle);
      expect(parts).toContain("src/gateway/forward-to-origin.ts");
      expect(parts).toContain("src/ledger/key-ledger.ts");
      expect(parts.filter((part) => part.includes("/jsx/"))).toEqual([]);
    } finally {
      await remove();
    }
  });

  test("contains no packages but Hono, p-map and Valibot", async () => {
    const packages = (await partsOf(inject("workerBundle")))
      .map((part) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(part)?.[1])
      .filter((name) => name !== undefined);
    expect([...new Set(packages)].sort()).toEqual(["hono", "p-map", "valibot"]);
  });

  test("is minified in every environment, without names, and has a source map", () => {
    for (const env of ["", "production", "staging"]) {
      const config = unstable_readConfig({ config: join(PROJECT_DIRECTORY, "wrangler.toml"), env });
      const { minify, keep_names, upload_source_maps } = config;
      expect({ minify, keep_names, upload_source_maps }, env).toEqual({
        minify: true,
        keep_names: false,
        upload_source_maps: true,
      });
    }
  });
});

describe("a stack trace", () => {
  test("of the minified Worker is mapped to files, lines and names of the source", async () => {
    const bundle = inject("workerBundle");
    const map = new SourceMap(JSON.parse(await readFile(`${bundle}.map`, "utf8")));
    const at = placeOf(UNIQUE_TEXT, await readFile(bundle, "utf8"));
    const [source = ""] = await sourceLinesWith("log.ts", UNIQUE_TEXT);
    const stack = `Error: a fault\n    at Xy (worker.js:${at})\n    at async https://elsewhere.example/x.js:1:1`;
    expect(symbolicate(stack, map)).toMatch(
      new RegExp(`^Error: a fault\\n    at Xy \\(src/log\\.ts:${source}:\\d+\\)\\n    at async https://`),
    );
  });

  test("is unchanged where the source map has no entry", async () => {
    const map = new SourceMap({
      file: "",
      version: 3,
      sources: [],
      sourcesContent: [],
      names: [],
      mappings: "",
      sourceRoot: "",
    });
    expect(symbolicate("at a (worker.js:1:5)", map)).toBe("at a (worker.js:1:5)");
  });
});

/** Line and column, both from 1, like V8's. */
function placeOf(text: string, code: string): string {
  const before = code.slice(0, code.indexOf(text)).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

/** Line numbers, from 1. */
async function sourceLinesWith(file: string, text: string): Promise<string[]> {
  const lines = (await readFile(join(PROJECT_DIRECTORY, "src", file), "utf8")).split("\n");
  return lines.flatMap((line, i) => (line.includes(`"${text}"`) ? [String(i + 1)] : []));
}
