/**
 * The promise, in real workerd: once a restriction has been answered, no request that it forbids succeeds on any of five
 * gateways, in flight or not; requests that it leaves allowed go on. Every kind of restriction, in every situation;
 * `npm run revocation` runs any number.
 *
 * Not covered: Cloudflare's network and its failures, which no test on one machine can show.
 */
import { expect, inject, test } from "vitest";
import { IS_WHOLE, shareOf } from "../share.ts";
import { type Campaign, runCampaign } from "./campaign.ts";
import { violationsIn } from "./checker.ts";
import type { Case } from "./history.ts";
import { RESTRICTION_NAMES } from "./restrictions.ts";
import { casesOf } from "./situations.ts";

const TIME_LIMIT_MS = 300_000;
const PARALLEL = 10;

interface Part extends Pick<Campaign, "count" | "cases" | "settings" | "delaysMs"> {
  readonly name: string;
}

/** For short leases only, which have failed beside other load; the other parts run with the production margin. */
const LEASE_MARGIN_MS = 1000;

const REVOCATIONS = casesOf("revoke");
const SHORT_LEASE_CASES = shareOf(REVOCATIONS, 3);
const OTHERS = RESTRICTION_NAMES.filter((restriction) => restriction !== "revoke");
const OTHER_CASES: readonly Case[] = IS_WHOLE
  ? OTHERS.flatMap(casesOf)
  : OTHERS.map((restriction) => ({ restriction, situation: "everything in flight" }));

const PARTS: readonly Part[] = [
  {
    name: "revocations with the leases of wrangler.toml",
    cases: REVOCATIONS,
    count: IS_WHOLE ? 5 * REVOCATIONS.length : REVOCATIONS.length,
  },
  {
    name: "other restrictions with the leases of wrangler.toml",
    cases: OTHER_CASES,
    count: OTHER_CASES.length,
  },
  {
    name: "revocations with short leases",
    cases: SHORT_LEASE_CASES,
    count: IS_WHOLE ? 4 * REVOCATIONS.length : SHORT_LEASE_CASES.length,
    settings: { LEASE_MS: 500, LEASE_MARGIN_MS },
    delaysMs: [0, 10, 30, 60, 100],
  },
  {
    name: "revocations with ledgers restarted in the middle of the wait",
    cases: [{ restriction: "revoke", situation: "ledger restarted" }],
    count: IS_WHOLE ? 24 : 2,
  },
];

test.each(PARTS)(
  "nothing forbidden is accepted and no byte leaves after the answer, $name",
  { timeout: TIME_LIMIT_MS },
  async (part) => {
    const history = await runCampaign({ ...part, bundle: inject("workerBundle"), parallel: PARALLEL });

    expect(violationsIn(history, part.cases)).toEqual([]);
    expect(history.restrictions).toHaveLength(part.count);
  },
);
