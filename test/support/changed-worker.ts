/**
 * Builds the Worker, or another program, from changed sources, to test what a change of the sources brings about. The
 * sources themselves are never changed: esbuild, which wrangler builds with, is given the changed texts in their place.
 *
 * Guarantees that every change changes a file of the bundle. The Worker differs from the deployed bundle (build-worker.ts)
 * in the change only, except for what wrangler adds to every Worker; it is built in a tenth of the time.
 */
import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join, relative } from "node:path";
import { type BuildOptions, build, type Loader, type Plugin } from "esbuild";
import { PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";
import { BUNDLE_CONFIG, writeBundleConfig } from "./bundle-config.ts";
import { editedFiles, type SourceEdit } from "./source-edit.ts";

/** A source file's path below the project's directory, and its new text. */
export type SourceChanges = Readonly<Record<string, (text: string) => string>>;

export interface BuiltWorker {
  /** Path of the bundle. */
  readonly bundle: string;
  readonly remove: () => Promise<void>;
}

/** The Worker with one rule broken, so that a test can show that it detects the change. */
export function buildMutant(edit: SourceEdit): Promise<BuiltWorker> {
  return buildChangedWorker(changesOf(edit));
}

export function changesOf(edit: SourceEdit): SourceChanges {
  const files = editedFiles(edit, (file) => readFileSync(join(PROJECT_DIRECTORY, file), "utf8"));
  return Object.fromEntries([...files].map(([file, text]) => [file, () => text]));
}

export async function buildChangedWorker(changes: SourceChanges): Promise<BuiltWorker> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-changed-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const bundle = join(directory, "worker.js");
    // As wrangler builds a Worker.
    await buildChanged(changes, {
      entryPoints: [join(PROJECT_DIRECTORY, "src", "worker.ts")],
      outfile: bundle,
      minify: true,
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*"],
      define: { "navigator.userAgent": '"Cloudflare-Workers"' },
    });
    await addBundleConfig(directory);
    return { bundle, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Within a test, a copy of the deployed bundle's: wrangler takes a second to load. */
async function addBundleConfig(directory: string): Promise<void> {
  if (process.env.VITEST_POOL_ID === undefined) {
    await writeBundleConfig(directory, join(PROJECT_DIRECTORY, "wrangler.toml"));
  } else {
    const deployed = dirname((await import("vitest")).inject("workerBundle"));
    await copyFile(join(deployed, BUNDLE_CONFIG), join(directory, BUNDLE_CONFIG));
  }
}

/** One module with everything that the entry point imports. */
export async function buildChanged(changes: SourceChanges, options: BuildOptions): Promise<void> {
  const changed = new Set<string>();
  await build({
    ...options,
    plugins: [applyChanges(changes, changed)],
    tsconfig: join(PROJECT_DIRECTORY, "tsconfig.json"),
    bundle: true,
    format: "esm",
    target: "es2024",
    logLevel: "silent",
  });
  for (const path of Object.keys(changes)) {
    if (!changed.has(path)) throw new Error(`${path} is not in the bundle`);
  }
}

/** Adds the paths of the changed files to `changed`. */
function applyChanges(changes: SourceChanges, changed: Set<string>): Plugin {
  return {
    name: "changes",
    setup({ onLoad }) {
      onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
        const name = relative(PROJECT_DIRECTORY, path).replaceAll("\\", "/");
        const change = changes[name];
        if (change === undefined) return undefined;
        const text = await readFile(path, "utf8");
        const contents = change(text);
        if (contents === text) throw new Error(`${name} was not changed`);
        changed.add(name);
        return { contents, loader: extname(path).slice(1) as Loader };
      });
    },
  };
}
