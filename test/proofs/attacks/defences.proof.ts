// An attack proves a defence only if it succeeds without it: removes one defence at a time from the code, builds that
// Worker, and sends the attacks that the defence stops.

import { describe, expect, test } from "vitest";
import { buildMutant } from "../../support/changed-worker.ts";
import { shareOf } from "../share.ts";
import type { Attack } from "./attack.ts";
import { AttackRunner } from "./attack-runner.ts";
import { CLASSES } from "./classes/index.ts";
import { DEFENCES } from "./defences.ts";
import { violationsOf } from "./outcome-checker.ts";

/** A share of the proof removes every STEP-th defence. */
const STEP = 71;

const ATTACKS: ReadonlyMap<string, Attack> = new Map(
  Object.values(CLASSES)
    .flat()
    .map((attack) => [attack.name, attack]),
);

describe.concurrent("attacks succeed once a defence is removed", () => {
  test.for(shareOf(DEFENCES, STEP))("$name", async (defence) => {
    const { bundle, remove } = await buildMutant(defence);
    const runner = await AttackRunner.open(bundle);
    try {
      const stopped: string[] = [];
      const attacks = defence.stops.map((name) => ATTACKS.get(name) as Attack);
      const reports = runner.runTogether(attacks.filter(({ isSlow }) => isSlow));
      for (const attack of attacks) {
        const report = await (reports.get(attack) ?? runner.run(attack));
        if (violationsOf(attack, report, runner).length === 0) stopped.push(attack.name);
      }
      expect(stopped).toEqual([]);
    } finally {
      await runner.close();
      await remove();
    }
  });
});
