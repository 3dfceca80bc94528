import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { newAssertionKey } from "./src/cli/assertion-key.ts";
import { LongestFirst } from "./test/support/longest-first.ts";

// Miniflare would copy each of these certificates into the configuration of every workerd, which triples the cost of its
// start; nothing here leaves loopback.
delete process.env.NODE_EXTRA_CA_CERTS;

// For the workers of vitest and the processes that tests start: compiling wrangler or Miniflare takes a second each time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules", ".cache", "compiled");

/** What wrangler.toml leaves to `wrangler secret put`. */
const SECRETS = {
  KEY_PEPPER: Buffer.alloc(32, "pepper").toString("base64"),
  CONTROL_TOKEN: Buffer.alloc(32, "control").toString("base64"),
  ASSERTION_KEY: JSON.stringify(newAssertionKey()),
};

/**
 * Two kinds of tests. `test/workerd` runs inside the Workers runtime, next to the code it tests. All
 * others run in Node: pure functions directly, and the built bundle in real workerd from the outside. Proofs run in a
 * small share here; test/proofs/vitest.config.ts runs the whole.
 */
export default defineConfig({
  test: {
    // Many tests wait for leases to end, so two cores have time for six files at once.
    maxWorkers: 6,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [
          cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { bindings: SECRETS } }),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          isolate: false,
          setupFiles: ["test/workerd/empty-storage.ts"],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts", "test/proofs/**/*.proof.ts"],
          exclude: ["test/workerd/**", "**/node_modules/**"],
          globalSetup: ["test/support/build-worker.ts"],
          provide: { proofs: "share" },
          // Files share their worker's modules: importing Miniflare takes longer than most files.
          isolate: false,
          // Concurrent tests wait for clocks.
          maxConcurrency: 20,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
