/**
 * A lease call of up to two attempts: the request on its way to the ledger, and the answer back.
 */
import type { LeaseAnswer, LeaseReport } from "../../../src/leases/protocol.ts";
import type { LedgerRules } from "./ledger-rules.ts";
import type { Link } from "./network.ts";
import type { KeyName } from "./scenario.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";

/** Like `callLedger`: a failed attempt is repeated once, then settles with null. */
export function attemptLease(
  isolate: SimulatedIsolate,
  link: Link,
  key: KeyName,
  report: LeaseReport,
  attemptsLeft: number,
  settle: (answer: LeaseAnswer | null) => void,
): void {
  const { history, time, ledger, ledgerClock, trace } = isolate.world;
  let answer: LeaseAnswer | null = null;
  const arrive = isolate.eventHandler(() => {
    if (answer || attemptsLeft === 0) settle(answer);
    else isolate.effect(() => attemptLease(isolate, link, key, report, attemptsLeft - 1, settle));
  });
  const sendBack = () => link.send(arrive);
  const run = (rules: LedgerRules) => {
    const { holder, permits: reports } = report;
    answer = rules.lease(key, holder, reports);
    if (answer.granted) {
      const readAt = rules.now();
      const lease = { key, ttlMs: answer.ttl_ms, at: time.now, ledgerAt: ledgerClock.now(), readAt };
      history.leases.record(lease, ledger);
    }
    if (answer.granted && answer.permits) history.granted.recordGrant(holder, reports, answer.permits);
    trace?.(`ledger: isolate ${isolate.number} requests ${key}: ${JSON.stringify({ reports, answer })}`);
    return sendBack;
  };
  const fail = () => {
    answer = null;
    sendBack();
  };
  link.send(() => ledger.deliver({ run, fail }, isolate.number % 2 === 0));
}
