/**
 * Checks the checker against hand-made histories: every violation is reported, and nothing else is. A checker that cannot
 * fail proves nothing.
 */
import { expect, test } from "vitest";
import { type Rule, violationsIn } from "./checker.ts";
import type { History, RequestRecord, RevocationRecord, Situation } from "./history.ts";

/** Called at 1000, answered at 2000, sockets drained at 2001. */
const REVOCATION: RevocationRecord = {
  keyId: "key_a",
  situation: "busy",
  calledAt: 1000,
  answeredAt: 2000,
  settledAt: 2001,
  repeatedAt: undefined,
  effectiveAt: ["2026-11-24T00:00:00.000Z"],
  waitedMs: 900,
};

/** Accepted long before the call. */
const ACCEPTED: RequestRecord = {
  keyId: "key_a",
  gateway: 0,
  kind: "load",
  startedAt: 500,
  forwardedAt: 501,
  uploadedWhole: false,
  status: 200,
  headersAt: 503,
  lastByteAt: 504,
  writtenAt: 502,
  bodyLength: 40,
  smallBody: false,
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

function historyOf(requests: readonly RequestRecord[], revocation: Partial<RevocationRecord> = {}): History {
  return {
    gateways: 1,
    requests: [ACCEPTED, IN_THE_WAIT, REFUSED, ...requests],
    revocations: [{ ...REVOCATION, ...revocation }],
    bystanders: ["key_b"],
  };
}

function rulesBrokenBy(
  requests: readonly RequestRecord[],
  revocation: Partial<RevocationRecord> = {},
): Rule[] {
  const history = historyOf(requests, revocation);
  return violationsIn(history, [history.revocations[0]?.situation as Situation]).map(({ rule }) => rule);
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
  const small: RequestRecord = { ...ACCEPTED, startedAt: 1900, headersAt: 1990, smallBody: true };
  const cut: RequestRecord = { ...small, ended: "aborted", endedAt: 1995, lastByteAt: 1995, bodyLength: 20 };
  expect(rulesBrokenBy([small])).toEqual([]);
  expect(rulesBrokenBy([cut])).toEqual(["partial"]);
  expect(rulesBrokenBy([{ ...cut, status: 0, bodyLength: 0 }])).toEqual(["partial"]);
  expect(rulesBrokenBy([{ ...cut, smallBody: false }])).toEqual([]);
});

test("reports an upload that reached the origin complete although its end was sent after t", () => {
  expect(rulesBrokenBy([{ ...REFUSED, kind: "upload", startedAt: 900, uploadedWhole: true }])).toEqual([
    "origin",
  ]);
});

test("reports a 401 for a key that was not revoked", () => {
  expect(rulesBrokenBy([{ ...REFUSED, keyId: "key_b" }])).toEqual(["bystander"]);
});

test("reports a revoked key that had no accepted request before", () => {
  expect(rulesBrokenBy([], { keyId: "key_c" })).toEqual(["vacuous", "vacuous"]);
  expect(rulesBrokenBy([{ ...REFUSED, keyId: "key_c", startedAt: 500 }], { keyId: "key_c" })).toContain(
    "vacuous",
  );
});

test("reports a situation that did not occur as described", () => {
  const history = historyOf([]);
  const whatOf = (situation: Situation) =>
    violationsIn(history, [situation]).map(({ rule, what }) => [rule, what]);
  expect(whatOf("uploading")).toEqual([["vacuous", "it never occurred"]]);
  const claiming = (situation: Situation) => rulesBrokenBy([], { situation });
  for (const situation of [
    "waiting on the origin",
    "uploading",
    "streaming chunked",
    "gateway partitioned",
  ] as const) {
    expect(claiming(situation), situation).toEqual(["vacuous"]);
  }
  expect(rulesBrokenBy([STREAM], { situation: "streaming chunked" })).toEqual([]);
});

test("requires requests on every gateway, before and after", () => {
  const history = { ...historyOf([]), gateways: 2 };
  expect(violationsIn(history, ["busy"])).toEqual([
    expect.objectContaining({
      rule: "vacuous",
      what: "in none of 1: accepted on every gateway before the call",
    }),
  ]);
  const elsewhere = { ...ACCEPTED, gateway: 1 };
  history.requests.push(elsewhere);
  expect(violationsIn(history, ["busy"])).toEqual([
    expect.objectContaining({ what: "in none of 1: refused on every gateway when started after t" }),
  ]);
});
