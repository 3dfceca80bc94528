/**
 * Sends every attack of classes/ over a raw socket to the built bundle in real workerd.
 *
 * Promise: no attack gets further than its expected outcome. `defences.proof.ts` removes one defence at a time and shows
 * which attacks then succeed.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Attack } from "./attack.ts";
import { AttackRunner, type Report } from "./attack-runner.ts";
import { GENUINE_ALERT } from "./classes/forged-alerts.ts";
import { CLASSES } from "./classes/index.ts";
import { DEFENCES } from "./defences.ts";
import { violationsOf } from "./outcome-checker.ts";

let runner: AttackRunner;
let reports: ReadonlyMap<Attack, Promise<Report>>;

beforeAll(async () => {
  runner = await AttackRunner.open();
  const together = Object.values(CLASSES)
    .flat()
    .filter(({ receiver, eventsUrl }) => receiver !== undefined && eventsUrl === undefined);
  reports = runner.runTogether(together);
  // The slow ones end while the other classes run.
  await Promise.all(together.filter(({ isSlow }) => !isSlow).map((attack) => reports.get(attack)));
});
afterAll(() => runner?.close());

describe.each(Object.entries(CLASSES))("%s", (_, attacks) => {
  test.each(attacks)("$name ($incident)", async (attack) => {
    const report = await (reports.get(attack) ?? runner.run(attack));
    expect(violationsOf(attack, report, runner)).toEqual([]);
  });
});

test("the alert from which the forged ones differ in one thing ends the key", async () => {
  const { responses } = await runner.run(GENUINE_ALERT);
  expect(responses.map(({ status, body }) => [status, JSON.parse(body)[0].label])).toEqual([
    [200, "true_positive"],
  ]);
  const used = await runner.run({
    name: "its use",
    incident: "",
    key: "victim",
    outcome: { statuses: [401] },
  });
  expect(used.responses[0]?.status).toBe(401);
});

test("every attack has a unique name and cites its incident", () => {
  const attacks = Object.values(CLASSES).flat();
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  for (const { incident } of attacks)
    expect(incident).toMatch(/CVE-\d{4}-\d{4,}|GHSA(?:-\w{4}){3}|RFC \d{4}|^[\w-]+\/[\w.-]+#\d+|Gil, 2017/);
});

test("every defence names existing attacks", () => {
  const names = new Set(
    Object.values(CLASSES)
      .flat()
      .map(({ name }) => name),
  );
  for (const { stops } of DEFENCES) for (const name of stops) expect(names).toContain(name);
});

test("SECURITY.md has the number of attacks and of those detected, by class", async () => {
  const page = await readFile(join(import.meta.dirname, "..", "..", "..", "SECURITY.md"), "utf8");
  const rows = [...page.matchAll(/^\| ([^|]+) \| (\d+) \| (\d+) \|/gm)].map(([, ...cells]) => cells);
  const stopped = new Set(DEFENCES.flatMap(({ stops }) => stops));
  const counts = Object.entries(CLASSES).map(([name, attacks]) => [
    name,
    String(attacks.length),
    String(attacks.filter((attack) => stopped.has(attack.name)).length),
  ]);
  expect(rows).toEqual(counts);
  expect(page).toContain(`removes ${DEFENCES.length} lines`);
  expect(page).toContain(`${stopped.size} attacks succeed`);
});
