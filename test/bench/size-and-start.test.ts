// The cost of a start is the evaluation of the module, without loading and profiling it.

import { expect, test } from "vitest";
import { evaluationMs } from "./size-and-start.ts";

const node = (id: number, url: string, children: number[] = []) => ({ id, callFrame: { url }, children });

test("counts the module and its calls, but not idle time and the loader", () => {
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

test("a profile without the module is an error, not a start without cost", () => {
  expect(() => evaluationMs({ nodes: [node(1, "")], samples: [1], timeDeltas: [1] })).toThrow(
    "no evaluation",
  );
});
