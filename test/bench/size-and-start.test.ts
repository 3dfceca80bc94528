// What a start costs is the module's evaluation with all that it calls, and nothing of what loads or profiles it.

import { expect, test } from "vitest";
import { evaluationMs } from "./size-and-start.ts";

const node = (id: number, url: string, children: number[] = []) => ({ id, callFrame: { url }, children });

test("counts the module and what it calls, not the idle time nor the loader", () => {
  const nodes = [
    node(1, "", [2, 3, 5]),
    node(2, ""),
    node(3, "file:///somewhere/worker.js", [4]),
    node(4, "node_modules/hono.js"),
    node(5, "startup"),
  ];
  const samples = [2, 3, 4, 5, 4];
  const timeDeltas = [100_000, 2000, 3000, 70_000, 500];
  expect(evaluationMs({ nodes, samples, timeDeltas })).toBe(5.5);
});

test("a profile without the module is not taken for a start that costs nothing", () => {
  expect(() => evaluationMs({ nodes: [node(1, "")], samples: [1], timeDeltas: [1] })).toThrow(
    "no evaluation",
  );
});
