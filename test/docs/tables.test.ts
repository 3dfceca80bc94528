// The tables of the pages say what the code does: errors, reasons, log fields, metrics columns, tiers, commands.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { keysProgram } from "../../src/cli/keys/program.ts";
import { countRequest } from "../../src/gateway/metrics.ts";
import { logAborted, logRequest } from "../../src/gateway/request-log.ts";
import { finishRequest, RequestReport } from "../../src/gateway/request-report.ts";
import { logDeliveryFailure, logException, logInvalidSetting } from "../../src/log.ts";
import { POLICY } from "../../src/policy.ts";
import { limitsOf, TIER_NAMES } from "../../src/rate-limits.ts";
import { publicAnswer, type Refusal } from "../../src/refusals.ts";
import { anchorsOf, codeBlocks, codeIn, PROJECT, pageText, sectionOf, tableRows } from "./pages.ts";

/** Every reason that `publicAnswer` knows, from its source: a type has no values. */
const [SWITCH = "", TABLE = ""] = readFileSync(join(PROJECT, "src/refusals.ts"), "utf8").split(
  "const CONSTANT_ANSWERS",
);
const REASONS: readonly string[] = [
  ...new Set(
    [...SWITCH.matchAll(/^ +case "(\w+)":/gm), ...TABLE.matchAll(/^ {2}(\w+): /gm)].map(
      ([, reason = ""]) => reason,
    ),
  ),
];

function answerTo(reason: string) {
  const known = {
    permission: "posts:read",
    right: "keys:read",
    allow: [],
    allowance: {
      bucket: "requests",
      limit: 1,
      remaining: 0,
      windowMs: 60_000,
      resetsAt: 1,
      resetsInSeconds: 1,
    },
    text: "a conflict",
    health: {},
    details: {},
    returnUrl: null,
  };
  return publicAnswer({ reason, ...known } as unknown as Refusal);
}

/** A report of a request about which everything is known. */
function fullReport(): RequestReport {
  const report = new RequestReport("id", "GET", 0, false);
  const record = { account: "acct", id: "key_1", mode: "live", created_at: "2026-11-24" };
  const known = { key: { record }, row: POLICY[0], lease: "hit", originStatus: 200, originMs: 1 };
  return Object.assign(report, known as unknown as Partial<RequestReport>);
}

describe("docs/errors.md", () => {
  const codes = [...new Set(REASONS.map((reason) => answerTo(reason).code))];

  test("has a section for each code, and for no other", () => {
    expect(REASONS.length).toBeGreaterThan(30);
    expect(anchorsOf("docs/errors.md").slice(1).sort()).toEqual(codes.sort());
  });

  test("gives each code its status", () => {
    const [overview = ""] = pageText("docs/errors.md").split("\n## ");
    const documented = tableRows(overview).map(([status, code = ""]) => `${status} ${codeIn(code)[0]}`);
    const answered = REASONS.map(answerTo).map(({ status, code }) => `${status} ${code}`);
    expect(documented.sort()).toEqual([...new Set(answered)].sort());
  });

  test("begins each section with its status", () => {
    for (const code of codes) {
      const statuses = REASONS.map(answerTo).filter((answer) => answer.code === code);
      expect(sectionOf("docs/errors.md", code).trim()).toMatch(new RegExp(`^${statuses[0]?.status}[.,]`));
    }
  });
});

describe("docs/operations.md", () => {
  afterEach(() => vi.restoreAllMocks());

  /** The fields of all lines that the calls write. */
  function fieldsOf(write: () => void): string[] {
    const lines: string[] = [];
    for (const stream of ["log", "error"] as const) {
      vi.spyOn(console, stream).mockImplementation((line: string) => void lines.push(line));
    }
    write();
    return [...new Set(lines.flatMap((line) => Object.keys(JSON.parse(line) as object)))];
  }

  test("lists every field of the log, and no other", () => {
    const fields = fieldsOf(() => {
      logRequest(finishRequest(fullReport(), 401, "revoked", 5));
      logAborted(fullReport(), "revoked", 5);
      logInvalidSetting("id", "METRICS");
      logDeliveryFailure({
        account: "acct",
        number: 1,
        attempts: 9,
        status: 500,
        reason: "timeout",
        given_up: 1,
      });
      logException("id", new Error("a fault"));
    });
    const section = sectionOf("docs/operations.md", "The log").split("\n### ")[0] ?? "";
    const named = tableRows(section).flatMap(([cell = ""]) => codeIn(cell));
    expect([...named, "setting", "stack"].sort()).toEqual(fields.sort());
    expect(section).toMatch(/`invalid_setting`, with `setting`; `exception`, with `stack`/);
  });

  test("lists every reason beside its status, and no other", () => {
    const rows = tableRows(sectionOf("docs/operations.md", "Reasons"));
    const documented = rows.flatMap(([statuses = "", reasons = ""]) =>
      codeIn(reasons)
        .filter((code) => /^[a-z_]+$/.test(code))
        .map((reason) => `${reason}: ${statuses.includes(String(answerTo(reason).status))}`),
    );
    expect(documented.sort()).toEqual(REASONS.map((reason) => `${reason}: true`).sort());
  });

  test("the runbook knows every reason for a 401 to an API key", () => {
    const rows = tableRows(sectionOf("docs/operations.md", "A customer gets 401"));
    const documented = rows.flatMap(([reasons = ""]) => codeIn(reasons));
    const unauthorized = REASONS.filter((reason) => answerTo(reason).status === 401);
    expect([...documented, "wrong_control_token"].sort()).toEqual(unauthorized.sort());
  });

  test("names the columns of a data point in their order, and the queries use them so", () => {
    const points: AnalyticsEngineDataPoint[] = [];
    const dataset = { writeDataPoint: (point: AnalyticsEngineDataPoint) => void points.push(point) };
    countRequest(dataset as AnalyticsEngineDataset, finishRequest(fullReport(), 200, "revoked", 5), 1);
    const [{ indexes = [], blobs = [], doubles = [] } = {}] = points;
    const written = Object.fromEntries([
      ...indexes.map((value, at) => [`index${at + 1}`, value]),
      ...blobs.map((value, at) => [`blob${at + 1}`, value]),
      ...doubles.map((value, at) => [`double${at + 1}`, value]),
    ]);
    expect(written).toEqual({
      index1: "acct",
      blob1: "key_1",
      blob2: "live",
      blob3: "GET",
      blob4: POLICY[0]?.route,
      blob5: "revoked",
      blob6: "hit",
      blob7: "2026-11-24",
      double1: 200,
      double2: 4,
      double3: 5,
      double4: 200,
      double5: 1,
    });

    const section = sectionOf("docs/operations.md", "Metrics");
    const cells = tableRows(section).flatMap(([left = "", what = "", right = "", other = ""]) => [
      [codeIn(left)[0], what],
      [codeIn(right)[0], other],
    ]);
    expect(Object.fromEntries(cells.filter(([column]) => column))).toEqual({
      index1: "account",
      blob1: "key id",
      blob2: "mode",
      blob3: "method",
      blob4: "route",
      blob5: "reason, empty when answered",
      blob6: "lease",
      blob7: "when the key was created",
      double1: "status",
      double2: "the gateway's ms",
      double3: "total ms",
      double4: "the origin's status, 0 without a response",
      double5: "steps back of the isolate's clock since its last data point",
    });

    const queries = codeBlocks(section, "sql");
    expect(queries.length).toBeGreaterThan(4);
    const aliases = queries.flatMap((query) => [...query.matchAll(/\b((?:index|blob|double)\d) AS (\w+)/g)]);
    const meant = aliases.map(([, column, alias]) => `${column} ${alias}`);
    expect([...new Set(meant)].sort()).toEqual([
      "blob1 key_id",
      "blob3 method",
      "blob4 route",
      "blob5 reason",
      "blob6 lease",
      "blob7 created_at",
      "double1 status",
      "index1 account",
    ]);
    for (const query of queries) {
      expect(query).toMatch(/^FROM octopost_gateway_usage$/m);
      for (const column of query.match(/\b(?:index|blob|double)\d+\b/g) ?? [])
        expect(written).toHaveProperty(column);
    }
  });
});

test("docs/rate-limits.md has every tier with its limits", () => {
  const rows = tableRows(sectionOf("docs/rate-limits.md", "The limits"));
  const figures = rows.map(([tier = "", minute = "", hour = ""]) => [codeIn(tier)[0], minute, hour]);
  const documented = figures.filter(([tier]) =>
    (TIER_NAMES as readonly (string | undefined)[]).includes(tier),
  );
  const expected = TIER_NAMES.map((tier) => {
    const limits = limitsOf(tier);
    const text = (value: number | undefined) => value?.toLocaleString("en") ?? "no limit";
    return [tier, text(limits?.requests), text(limits?.publish)];
  });
  expect(documented).toEqual(expected);
});

test("docs/contributing.md has every script of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
  const commands = tableRows(sectionOf("docs/contributing.md", "Commands")).flatMap(([cell = ""]) =>
    codeIn(cell),
  );
  const named = commands.map((command) => /^npm (?:run )?([a-z:]+)/.exec(command)?.[1]);
  expect(named.sort()).toEqual(Object.keys(scripts).sort());
});

test("docs/managing-keys.md has every command of `npm run keys`", () => {
  const rows = tableRows(sectionOf("docs/managing-keys.md", "With the command line"));
  const named = rows.flatMap(([cell = ""]) => codeIn(cell));
  const program = keysProgram();
  const commands = program.createHelp().visibleCommands(program);
  expect([...named, "help"].sort()).toEqual(commands.map((command) => command.name()).sort());
});
