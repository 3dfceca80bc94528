/**
 * One attempt, or two, to get a lease: the question on its way to the ledger, and the answer back.
 */
import type { LeaseAnswer, LeaseReport } from "../../../src/leases/protocol.ts";
import type { LedgerRules } from "./ledger-rules.ts";
import type { Link } from "./network.ts";
import type { KeyName } from "./scenario.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";

/** As `callLedger` does it, a failure is followed by another attempt, and by null after the last. */
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
  const arrive = isolate.entry(() => {
    if (answer || attemptsLeft === 0) settle(answer);
    else isolate.effect(() => attemptLease(isolate, link, key, report, attemptsLeft - 1, settle));
  });
  const sendBack = () => link.send(arrive);
  const run = (rules: LedgerRules) => {
    const { holder, permits: reports } = report;
    answer = rules.lease(key, holder, reports);
    if (answer.granted) history.leases.note(key, answer.ttl_ms, time.now, ledgerClock.now(), ledger);
    if (answer.permits) history.granted.note(holder, reports, answer.permits);
    trace?.(`ledger: isolate ${isolate.number} asks for ${key}: ${JSON.stringify({ reports, answer })}`);
    return sendBack;
  };
  const fail = () => {
    answer = null;
    sendBack();
  };
  link.send(() => ledger.deliver({ run, fail }, isolate.number % 2 === 0));
}
