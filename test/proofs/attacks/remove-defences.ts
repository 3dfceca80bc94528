/**
 * `npx node test/proofs/attacks/remove-defences.ts [word]`: removes one defence at a time from the code, builds that
 * Worker, and shows that the attacks listed for the defence succeed. Exits with 1 if one of them does not. With a word:
 * only the defences with that word in their name.
 *
 * Not part of `npm test`: every defence needs a build and a cluster of its own, several minutes in all.
 */
import { buildMutant } from "../build-mutant.ts";
import { AttackRunner } from "./attack-runner.ts";
import { CLASSES } from "./classes/index.ts";
import { DEFENCES, type Defence } from "./defences.ts";
import { violationsOf } from "./outcome-checker.ts";

const ATTACKS = new Map(
  Object.entries(CLASSES).flatMap(([kind, attacks]) =>
    attacks.map((attack) => [attack.name, { kind, attack }] as const),
  ),
);

const succeeded = new Map<string, Set<string>>();
let undetected = 0;
const selected = DEFENCES.filter(({ defence }) => defence.includes(process.argv[2] ?? ""));
for (const defence of selected) await runWithout(defence);

console.log("\ndetected, by class:");
for (const [kind, attacks] of Object.entries(CLASSES)) {
  console.log(`  ${kind.padEnd(40)} ${succeeded.get(kind)?.size ?? 0} of ${attacks.length}`);
}
const all = [...succeeded.values()].reduce((sum, names) => sum + names.size, 0);
console.log(`${all} attacks succeed with ${selected.length} defences removed; ${undetected} did not`);
process.exitCode = undetected > 0 ? 1 : 0;

async function runWithout(defence: Defence): Promise<void> {
  console.log(`\nremoved: ${defence.defence}  (${defence.file})`);
  const { bundle, remove } = await buildMutant(defence);
  const runner = await AttackRunner.open(bundle);
  try {
    for (const name of defence.stops) {
      const found = ATTACKS.get(name);
      if (!found) throw new Error(`unknown attack: ${name}`);
      const [violation] = violationsOf(found.attack, await runner.run(found.attack), runner);
      console.log(
        `  ${violation ? "succeeds" : "STOPPED"}: ${name}${violation ? `\n       ${violation.slice(0, 120)}` : ""}`,
      );
      if (!violation) undetected += 1;
      else succeeded.set(found.kind, (succeeded.get(found.kind) ?? new Set()).add(name));
    }
  } finally {
    await runner.close();
    await remove();
  }
}
