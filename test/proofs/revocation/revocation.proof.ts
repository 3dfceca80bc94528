/**
 * The promise, in real workerd: once `revoke` has answered, no request with the key succeeds on any of five gateways, in
 * flight or not. At least 300 revocations, in every situation; `npm run revocation` runs any number.
 *
 * Not covered: Cloudflare's network and its failures, which no test on one machine can show.
 */
import { expect, inject, test } from "vitest";
import { IS_WHOLE } from "../share.ts";
import { type Campaign, runCampaign } from "./campaign.ts";
import { violationsIn } from "./checker.ts";
import { SITUATIONS } from "./history.ts";

const TIME_LIMIT_MS = 300_000;
const PARALLEL = 24;

interface Part extends Pick<Campaign, "revocations" | "situations" | "settings" | "delaysMs"> {
  readonly name: string;
}

/** For short leases only, which have failed beside other load; the other parts run with the production margin. */
const LEASE_MARGIN_MS = 1000;

const PARTS: readonly Part[] = [
  {
    name: "with the leases of wrangler.toml",
    revocations: IS_WHOLE ? 150 : 2 * SITUATIONS.length,
    situations: SITUATIONS,
  },
  {
    name: "with short leases",
    revocations: IS_WHOLE ? 129 : SITUATIONS.length,
    situations: SITUATIONS,
    settings: { LEASE_MS: 500, LEASE_MARGIN_MS },
    delaysMs: [0, 10, 30, 60, 100],
  },
  {
    name: "with ledgers restarted in the middle of the wait",
    revocations: IS_WHOLE ? 24 : 4,
    situations: ["ledger restarted"],
  },
];

test.runIf(IS_WHOLE)("the parts add up to at least 300 revocations", () => {
  expect(PARTS.reduce((sum, part) => sum + part.revocations, 0)).toBeGreaterThanOrEqual(300);
});

test.each(PARTS)(
  "nothing is accepted and no byte leaves after the answer, $name",
  { timeout: TIME_LIMIT_MS },
  async (part) => {
    const history = await runCampaign({ ...part, bundle: inject("workerBundle"), parallel: PARALLEL });

    expect(violationsIn(history, part.situations)).toEqual([]);
    expect(history.revocations).toHaveLength(part.revocations);
  },
);
