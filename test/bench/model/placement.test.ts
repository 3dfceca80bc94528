// docs/placement.md has the model's figures, and its sentences hold at every distance in the table.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bareResponseTime, responseTime, SAME_REGION_MS } from "./placement.ts";
import { PLACEMENT_PAGE, withPlacement } from "./placement-section.ts";

const distances = [5, 20, 80].flatMap((clientToEdgeMs) =>
  [20, 80, 200].map((edgeToOriginMs) => ({ clientToEdgeMs, edgeToOriginMs })),
);

test("the table on the page is the model's", () => {
  const page = readFileSync(PLACEMENT_PAGE, "utf8");
  expect(withPlacement(page)).toBe(page);
});

describe.each(distances)("client $clientToEdgeMs ms, origin $edgeToOriginMs ms", (at) => {
  test("placed, a cold key costs what a bare proxy costs, but for two trips within a region", () => {
    expect(responseTime("placed", "cold", at) - bareResponseTime(at)).toBe(2 * SAME_REGION_MS);
  });

  test("at the edge, a refusal without a store call costs the trip to the edge alone", () => {
    expect(responseTime("edge", "refused", at)).toBe(at.clientToEdgeMs);
  });

  test("a warm key at the edge costs what a bare proxy costs", () => {
    expect(responseTime("edge", "warm", at)).toBe(bareResponseTime(at));
  });

  test("with the ledger near the origin, a cold key costs one trip to the origin's region more than a warm one", () => {
    const [cold, warm] = (["cold", "warm"] as const).map((situation) =>
      responseTime("edge, ledger near the origin", situation, at),
    );
    expect((cold as number) - (warm as number)).toBe(at.edgeToOriginMs);
  });
});
