/**
 * Every attack that is written down in classes/, over a raw socket, on the built bundle in real workerd.
 *
 * The promise: none of them gets further than its outcome says. prove.ts takes out one line of defence at a time
 * and shows which of them then do.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLASSES } from "./classes/index.ts";
import { DEFENCES } from "./defences.ts";
import { faultsIn } from "./judge.ts";
import { Stage } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

describe.each(Object.entries(CLASSES))("%s", (_, attacks) => {
  test.each(attacks)("$name ($incident)", async (attack) => {
    expect(faultsIn(attack, await stage.carryOut(attack), stage)).toEqual([]);
  });
});

test("attacks have names of their own, and each names where it comes from", () => {
  const attacks = Object.values(CLASSES).flat();
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  for (const { incident } of attacks)
    expect(incident).toMatch(
      /CVE-\d{4}-\d{4,}|GHSA(?:-\w{4}){3}|RFC \d{4}|^[a-z0-9-]+\/[a-z0-9-]+#\d+|Gil, 2017/,
    );
});

test("every line of defence is in the code once, and what is red without it is an attack", async () => {
  const names = new Set(
    Object.values(CLASSES)
      .flat()
      .map(({ name }) => name),
  );
  for (const { file, find, red } of DEFENCES) {
    const code = await readFile(join(import.meta.dirname, "..", "..", "..", file), "utf8");
    expect(code.split(find), `${file}: ${find}`).toHaveLength(2);
    for (const name of red) expect(names).toContain(name);
  }
});
