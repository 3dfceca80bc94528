/**
 * Checks the checker against hand-made histories: every violation is reported, and nothing else is. A checker that cannot
 * fail proves nothing.
 */
import { expect, test } from "vitest";
import { type Rule, violationsIn } from "./checker.ts";
import type { Case, History, RequestRecord, RestrictionRecord, Situation } from "./history.ts";

/** Called at 1000, answered at 2000, sockets drained at 2001. */
const REVOCATION: RestrictionRecord = {
  keyId: "key_a",
  restriction: "revoke",
  situation: "busy",
  calledAt: 1000,
  answeredAt: 2000,
  settledAt: 2001,
  repeatedAt: undefined,
  effectiveAt: ["2026-11-24T00:00:00.000Z"],
  waitedMs: 900,
  undoneAt: undefined,
};

/** Accepted long before the call. */
const ACCEPTED: RequestRecord = {
  keyId: "key_a",
  gateway: 0,
  kind: "load",
  allowed: false,
  startedAt: 500,
  forwardedAt: 501,
  uploadedWhole: false,
  status: 200,
  headersAt: 503,
  lastByteAt: 504,
  writtenAt: 502,
  bodyLength: 40,
  smallBody: false,
  originAnsweredAt: 502,
  offeredBytes: undefined,
  closedByClient: false,
  ended: "complete",
  endedAt: 504,
};
const IN_THE_WAIT: RequestRecord = {
  ...ACCEPTED,
  startedAt: 1500,
  forwardedAt: 1501,
  writtenAt: 1502,
  headersAt: 1503,
  lastByteAt: 1504,
  endedAt: 1504,
};
const REFUSED: RequestRecord = {
  ...ACCEPTED,
  kind: "probe",
  startedAt: 2000.5,
  forwardedAt: undefined,
  status: 401,
  headersAt: 2003,
  lastByteAt: 2003,
  writtenAt: undefined,
  endedAt: 2003,
};
const STREAM: RequestRecord = {
  ...ACCEPTED,
  kind: "stream",
  startedAt: 900,
  headersAt: 910,
  lastByteAt: 1990,
  writtenAt: 1989,
  ended: "aborted",
  endedAt: 1995,
};

const BUSY: readonly Case[] = [{ restriction: "revoke", situation: "busy" }];

function historyOf(requests: readonly RequestRecord[], made: Partial<RestrictionRecord> = {}): History {
  return {
    gateways: 1,
    requests: [ACCEPTED, IN_THE_WAIT, REFUSED, ...requests],
    restrictions: [{ ...REVOCATION, ...made }],
  };
}

function rulesBrokenBy(requests: readonly RequestRecord[], made: Partial<RestrictionRecord> = {}): Rule[] {
  const history = historyOf(requests, made);
  return violationsIn(history, history.restrictions).map(({ rule }) => rule);
}

test("reports nothing for a history that keeps the promise", () => {
  expect(rulesBrokenBy([STREAM, { ...STREAM, kind: "held", status: 401, writtenAt: undefined }])).toEqual([]);
});

test("reports a request accepted although it started after t", () => {
  const late = { ...ACCEPTED, startedAt: 2000.1, headersAt: 2000.5, lastByteAt: 2000.5, endedAt: 2000.5 };
  expect(rulesBrokenBy([late])).toEqual(["G1"]);
});

test("reports a request that started after t and reached the origin, although it was answered 401", () => {
  expect(rulesBrokenBy([{ ...REFUSED, forwardedAt: 2002 }])).toEqual(["G1"]);
});

test("reports a request that started after t and was answered neither 401 nor 503", () => {
  expect(rulesBrokenBy([{ ...REFUSED, status: 500 }])).toEqual(["G1"]);
  expect(rulesBrokenBy([{ ...REFUSED, status: 503 }])).toEqual([]);
});

test("reports response headers that came after t", () => {
  const waited = { ...ACCEPTED, startedAt: 1900, headersAt: 2001.1, lastByteAt: 2001.1, endedAt: 2001.1 };
  expect(rulesBrokenBy([waited])).toEqual(["G2"]);
});

test("allows headers that were read just after t and may have arrived before", () => {
  const waited = { ...ACCEPTED, startedAt: 1900, headersAt: 2000.5, lastByteAt: 2000.5, endedAt: 2000.5 };
  expect(rulesBrokenBy([waited])).toEqual([]);
});

test("reports headers read just after t which the origin wrote after t", () => {
  const times = {
    startedAt: 1900,
    writtenAt: 2000.1,
    headersAt: 2000.5,
    lastByteAt: 2000.5,
    endedAt: 2000.5,
  };
  expect(rulesBrokenBy([{ ...ACCEPTED, ...times }])).toEqual(["G2"]);
});

test("reports a byte of a body that came after t", () => {
  expect(rulesBrokenBy([{ ...STREAM, lastByteAt: 2001.1, endedAt: 2005 }])).toEqual(["G3"]);
});

test("reports a byte read just after t which the origin wrote after t", () => {
  expect(rulesBrokenBy([{ ...STREAM, writtenAt: 2000.1, lastByteAt: 2000.5 }])).toEqual(["G3"]);
});

test("reports an aborted stream that ended as if complete", () => {
  expect(rulesBrokenBy([{ ...STREAM, ended: "complete", endedAt: 2005 }])).toEqual(["G3"]);
});

test("judges an unread stream by its length, not by when it was read", () => {
  const unread: RequestRecord = {
    ...STREAM,
    kind: "unread stream",
    lastByteAt: 2100,
    endedAt: 2110,
    bodyLength: 5000,
  };
  expect(rulesBrokenBy([{ ...unread, offeredBytes: 5000 }])).toEqual([]);
  expect(rulesBrokenBy([{ ...unread, offeredBytes: 4999 }])).toEqual(["G3"]);
  expect(rulesBrokenBy([{ ...unread, offeredBytes: 5000, ended: "complete" }])).toEqual(["G3"]);
});

test("reports a request that the gateway left open after t, until its client closed it", () => {
  const waiting: RequestRecord = {
    ...STREAM,
    kind: "held",
    status: 0,
    headersAt: undefined,
    writtenAt: undefined,
  };
  expect(rulesBrokenBy([{ ...waiting, closedByClient: true }])).toEqual(["G2"]);
  expect(rulesBrokenBy([{ ...STREAM, closedByClient: true }])).toEqual(["G3"]);
});

test("reports a small body that arrived in part, or not at all", () => {
  const small: RequestRecord = {
    ...ACCEPTED,
    startedAt: 1900,
    headersAt: 1990,
    smallBody: true,
    originAnsweredAt: 1989,
  };
  const cut: RequestRecord = { ...small, ended: "aborted", endedAt: 1995, lastByteAt: 1995, bodyLength: 20 };
  expect(rulesBrokenBy([small])).toEqual([]);
  expect(rulesBrokenBy([cut])).toEqual(["partial"]);
  expect(rulesBrokenBy([{ ...cut, status: 0, bodyLength: 0 }])).toEqual(["partial"]);
  expect(rulesBrokenBy([{ ...cut, originAnsweredAt: undefined }])).toEqual(["partial"]);
  expect(rulesBrokenBy([{ ...cut, smallBody: false }])).toEqual([]);
  expect(rulesBrokenBy([{ ...cut, originAnsweredAt: cut.endedAt - 200 }])).toEqual([]);
});

test("reports an upload that reached the origin complete although its end was sent after t", () => {
  expect(rulesBrokenBy([{ ...REFUSED, kind: "upload", startedAt: 900, uploadedWhole: true }])).toEqual([
    "origin",
  ]);
});

test("reports a request that no restriction forbids, and that was refused", () => {
  const allowed = { ...REFUSED, keyId: "key_b", allowed: true };
  for (const status of [401, 403, 429, 500])
    expect(rulesBrokenBy([{ ...allowed, status }]), String(status)).toEqual(["allowed"]);
  expect(rulesBrokenBy([{ ...allowed, status: 503 }])).toEqual([]);
  expect(rulesBrokenBy([{ ...allowed, keyId: "key_a" }])).toEqual(["allowed"]);
});

test("requires the refusal that belongs to the restriction", () => {
  const history = historyOf([], { restriction: "narrow the key's addresses" });
  expect(violationsIn(history, []).map(({ rule }) => rule)).toEqual(["G1"]);
  const narrowed = { ...history, requests: [ACCEPTED, IN_THE_WAIT, { ...REFUSED, status: 403 }] };
  expect(violationsIn(narrowed, [])).toEqual([]);
});

test("allows what started after the restriction was undone, and requires it on every gateway", () => {
  const again = { ...ACCEPTED, startedAt: 3000.1, headersAt: 3001, lastByteAt: 3001, endedAt: 3001 };
  const undone = { restriction: "suspend", undoneAt: 3000 } as const;
  expect(rulesBrokenBy([again], undone)).toEqual([]);
  expect(rulesBrokenBy([], undone)).toEqual(["undone"]);
  expect(rulesBrokenBy([{ ...again, startedAt: 2999 }], undone)).toContain("G1");
  expect(rulesBrokenBy([again], { restriction: "suspend" })).toEqual(["G1"]);
});

test("requires that what stays allowed goes on after t", () => {
  const made = { restriction: "remove permissions" } as const;
  const refused = { ...REFUSED, status: 403 };
  const load = { ...ACCEPTED, allowed: true, startedAt: 2100 };
  const held: RequestRecord = { ...ACCEPTED, allowed: true, kind: "held", startedAt: 900, endedAt: 2100 };
  const upload: RequestRecord = { ...held, kind: "upload", uploadedWhole: true };
  const stream: RequestRecord = { ...held, kind: "stream", lastByteAt: 2050, closedByClient: true };
  const whatFor = (allowed: readonly RequestRecord[]) => {
    const history = historyOf([], made);
    const requests = [ACCEPTED, IN_THE_WAIT, refused, ...allowed];
    return violationsIn({ ...history, requests }, history.restrictions).map(({ what }) => what);
  };
  expect(whatFor([load, held, upload, stream])).toEqual([]);
  expect(whatFor([held, upload, stream])[0]).toContain("requests that stay allowed were accepted");
  expect(whatFor([load, upload, stream])[0]).toContain("a held request that stays allowed");
  expect(whatFor([load, held, { ...upload, uploadedWhole: false }, stream])[0]).toContain("an upload");
  expect(whatFor([load, held, upload, { ...stream, lastByteAt: 1990 }])[0]).toContain("a stream that stays");
});

test("reports a restricted key that had no accepted request before", () => {
  expect(rulesBrokenBy([], { keyId: "key_c" })).toEqual(["vacuous", "vacuous"]);
  expect(rulesBrokenBy([{ ...REFUSED, keyId: "key_c", startedAt: 500 }], { keyId: "key_c" })).toContain(
    "vacuous",
  );
});

test("reports a situation that did not occur as described", () => {
  const history = historyOf([]);
  const whatOf = (situation: Situation) =>
    violationsIn(history, [{ restriction: "revoke", situation }]).map(({ rule, what }) => [rule, what]);
  expect(whatOf("uploading")).toEqual([["vacuous", "it never occurred"]]);
  const claiming = (situation: Situation) => rulesBrokenBy([], { situation });
  for (const situation of [
    "waiting on the origin",
    "uploading",
    "streaming chunked",
    "everything in flight",
    "gateway partitioned",
  ] as const) {
    expect(claiming(situation), situation).toEqual(["vacuous"]);
  }
  expect(rulesBrokenBy([STREAM], { situation: "streaming chunked" })).toEqual([]);
});

test("requires requests on every gateway, before and after", () => {
  const history = { ...historyOf([]), gateways: 2 };
  expect(violationsIn(history, BUSY)).toEqual([
    expect.objectContaining({
      rule: "vacuous",
      what: "in none of 1: accepted on every gateway before the call",
    }),
  ]);
  const elsewhere = { ...ACCEPTED, gateway: 1 };
  history.requests.push(elsewhere);
  expect(violationsIn(history, BUSY)).toEqual([
    expect.objectContaining({ what: "in none of 1: refused on every gateway when started after t" }),
  ]);
});
