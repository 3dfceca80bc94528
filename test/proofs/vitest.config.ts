import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "../support/longest-first.ts";

// As in the other configuration: workerd starts faster without these certificates, and Node with compiled code.
delete process.env.NODE_EXTRA_CA_CERTS;
process.env.NODE_COMPILE_CACHE ??= join(
  import.meta.dirname,
  "..",
  "..",
  "node_modules",
  ".cache",
  "compiled",
);

/** `npm run prove`: every proof in its full size. With words as arguments, only the files with one of them in their path. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/proofs/**/*.proof.ts"],
    globalSetup: ["test/support/build-worker.ts"],
    provide: { proofs: "whole" },
    // Some proofs compute while others wait for leases.
    maxWorkers: 3,
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
