/**
 * `npm run prove`: runs the proofs one after the other with moderate sizes, in about six minutes on two cores.
 *
 *   simulator    20,000 schedules of leases and rate limits in virtual time
 *   revocation   200 revocations on five gateways in real workerd
 *   mutants      breaks one rule at a time, and shows that the simulator or the campaign detects it
 *   soak         one minute of mixed traffic with faults
 *
 * With names as arguments it runs those only: `npm run prove -- mutants soak`. Every part runs even if an earlier one
 * fails; the exit code is 1 if any failed.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const proof = (path: string) => join(import.meta.dirname, path);

const PARTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  simulator: [[proof("simulator/run.ts"), "--seeds", "20000"]],
  revocation: [[proof("revocation/run.ts"), "--revocations", "200"]],
  mutants: [
    [proof("simulator/run.ts"), "--mutants"],
    [vitest, "run", "test/proofs/revocation/mutants.test.ts"],
  ],
  soak: [[proof("soak/run.ts"), "--minutes", "1"]],
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const unknown = names.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  throw new Error(`unknown proof: ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}`);
}

const results = names.map((name) => {
  console.log(`\n=== ${name}`);
  const startedAt = performance.now();
  const passed = (PARTS[name] ?? []).map(
    (command) => spawnSync(process.execPath, command, { stdio: "inherit" }).status === 0,
  );
  return { name, passed: passed.every(Boolean), seconds: (performance.now() - startedAt) / 1000 };
});

console.log();
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? "passed" : "FAILED"}  ${name.padEnd(12)}${seconds.toFixed(0).padStart(5)} s`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
