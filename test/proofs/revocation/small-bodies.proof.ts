// At the moment a key is revoked, a client of small answers gets a whole one or its 401, and nothing else.

import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { IS_WHOLE } from "../share.ts";
import { GATEWAYS, revokeUnderSmallAnswers, SHAPES } from "./small-bodies.ts";

const REVOCATIONS = IS_WHOLE ? 6 : 2;
const TIME_LIMIT_MS = 120_000;

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await startCluster({ bundle: inject("workerBundle"), gateways: GATEWAYS });
});
afterAll(() => cluster.close());

test.each(SHAPES)("no answer is empty, headerless or cut: %s", { timeout: TIME_LIMIT_MS }, async (shape) => {
  const answers = await revokeUnderSmallAnswers({ cluster, shape, revocations: REVOCATIONS, parallel: 3 });
  const { emptyReply, headersAlone, partOfBody } = answers;
  expect({ emptyReply, headersAlone, partOfBody }).toEqual({ emptyReply: 0, headersAlone: 0, partOfBody: 0 });
  // The key was in use, and every line of use came to its end.
  expect(answers.whole).toBeGreaterThan(REVOCATIONS);
  expect(answers.refused).toBeGreaterThanOrEqual(REVOCATIONS);
});
