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
import { caseName } from "./evidence.ts";
import type { Case } from "./history.ts";
import { RESTRICTION_NAMES } from "./restrictions.ts";
import { casesOf } from "./situations.ts";

const TIME_LIMIT_MS = 600_000;
const PARALLEL = 10;
/** A case that a busy machine kept from occurring is run again; a broken rule never is. */
const ATTEMPTS_MAX = 3;

interface Part extends Pick<Campaign, "count" | "cases" | "settings" | "delaysMs"> {
  readonly name: string;
}

/** For short leases only, which have failed beside other load; the other parts run with the production margin. */
const LEASE_MARGIN_MS = 1000;

const REVOCATIONS = shareOf(casesOf("revoke"), 3);
const OTHERS = RESTRICTION_NAMES.filter((restriction) => restriction !== "revoke");
const OTHER_CASES: readonly Case[] = IS_WHOLE
  ? OTHERS.flatMap(casesOf)
  : shareOf(OTHERS, 3).map((restriction) => ({ restriction, situation: "everything in flight" }));

const PARTS: readonly Part[] = [
  {
    name: "revocations with the leases of wrangler.toml",
    cases: REVOCATIONS,
    count: (IS_WHOLE ? 3 : 1) * REVOCATIONS.length,
  },
  {
    name: "revocations with short leases",
    cases: REVOCATIONS,
    count: 2 * REVOCATIONS.length,
    settings: { LEASE_MS: 500, LEASE_MARGIN_MS },
    delaysMs: [0, 10, 30, 60, 100],
  },
  {
    name: "other restrictions with the leases of wrangler.toml",
    cases: OTHER_CASES,
    count: OTHER_CASES.length,
  },
  {
    name: "revocations with ledgers restarted in the middle of the wait",
    cases: [{ restriction: "revoke", situation: "ledger restarted" }],
    count: 12,
  },
];

// A share runs the first part and the other restrictions.
test.each(shareOf(PARTS, 2))(
  "nothing forbidden is accepted and no byte leaves after the answer, $name",
  { timeout: TIME_LIMIT_MS },
  async (part) => {
    let cases = part.cases;
    for (let attempt = 1; cases.length > 0; attempt++) {
      const count = attempt === 1 ? part.count : cases.length;
      const campaign = { ...part, cases, count, bundle: inject("workerBundle"), parallel: PARALLEL };
      const history = await runCampaign(campaign);
      const violations = violationsIn(history, cases);
      expect(violations.filter(({ rule }) => attempt === ATTEMPTS_MAX || rule !== "vacuous")).toEqual([]);
      expect(history.restrictions).toHaveLength(count);
      cases = cases.filter((one) => violations.some(({ where }) => where === caseName(one)));
    }
  },
);
