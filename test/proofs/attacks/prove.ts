/**
 * `npx node test/proofs/attacks/prove.ts [word]`: takes out one line of defence at a time, in a Worker built for it, and sees the
 * attacks that it stops get through. Ends with status 1 if one of them does not. With a word: only the lines that
 * have it in their name.
 *
 * Not part of `npm test`: every line is a build and a cluster of its own, several minutes in all.
 */
import { buildMutant } from "../revocation/mutant.ts";
import { CLASSES } from "./classes/index.ts";
import { DEFENCES, type Defence } from "./defences.ts";
import { faultsIn } from "./judge.ts";
import { Stage } from "./stage.ts";

const ATTACKS = new Map(
  Object.entries(CLASSES).flatMap(([kind, attacks]) =>
    attacks.map((attack) => [attack.name, { kind, attack }] as const),
  ),
);

const red = new Map<string, Set<string>>();
let unnoticed = 0;
const chosen = DEFENCES.filter(({ defence }) => defence.includes(process.argv[2] ?? ""));
for (const defence of chosen) await prove(defence);

console.log("\nred, by class:");
for (const [kind, attacks] of Object.entries(CLASSES)) {
  console.log(`  ${kind.padEnd(40)} ${red.get(kind)?.size ?? 0} of ${attacks.length}`);
}
const all = [...red.values()].reduce((sum, names) => sum + names.size, 0);
console.log(`${all} attacks red under ${chosen.length} defences taken out; ${unnoticed} did not get through`);
process.exitCode = unnoticed > 0 ? 1 : 0;

async function prove(defence: Defence): Promise<void> {
  console.log(`\nwithout: ${defence.defence}  (${defence.file})`);
  const { bundle, remove } = await buildMutant(defence);
  const stage = await Stage.open(bundle);
  try {
    for (const name of defence.red) {
      const found = ATTACKS.get(name);
      if (!found) throw new Error(`there is no attack of the name: ${name}`);
      const [fault] = faultsIn(found.attack, await stage.carryOut(found.attack), stage);
      console.log(`  ${fault ? "red" : "GREEN"}: ${name}${fault ? `\n       ${fault.slice(0, 120)}` : ""}`);
      if (!fault) unnoticed += 1;
      else red.set(found.kind, (red.get(found.kind) ?? new Set()).add(name));
    }
  } finally {
    await stage.close();
    await remove();
  }
}
