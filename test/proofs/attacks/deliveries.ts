/**
 * What an attack on the delivery of events did: the messages that the receiver got, the failures in the log, and the
 * events that are still to be sent.
 *
 * Guarantees that no attempt is under way when it reports, unless one takes longer than an attempt may.
 */
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import { eventually } from "../../support/time-limits.ts";
import type { Attack } from "./attack.ts";
import type { EventMessage, EventReceiver, ReceiverAnswer } from "./event-receiver.ts";

/** More than the ten seconds that an attempt may take, on a slow machine too. */
const LIMIT_MS = 20_000;
const LOG_LIMIT_MS = 2_000;
/** The first pause between two looks; each is longer than the one before. */
const POLL_MS = 20;
const POLL_MAX_MS = 500;

export interface Deliveries {
  readonly messages: readonly EventMessage[];
  /** Of each failed attempt: the status that the receiver answered, or why it did not answer. */
  readonly failures: readonly (number | string)[];
  readonly unsent: readonly UnsentEvent[];
  /** Every line since the attack began. */
  readonly logs: readonly string[];
}

export interface UnsentEvent {
  readonly attempts: number;
  /** From the event to the next attempt. */
  readonly waitsMs: number;
}

interface DeliveryOptions {
  readonly attack: Attack;
  readonly answers: readonly ReceiverAnswer[];
  readonly firstLogLine: number;
}

export async function deliveriesOf(
  cluster: GatewayCluster,
  receiver: EventReceiver,
  account: string,
  { attack: { outcome }, answers, firstLogLine }: DeliveryOptions,
): Promise<Deliveries> {
  let unsent = await settled(cluster, account, 1);
  for (let attempt = 2; attempt <= answers.length && unsent.length > 0; attempt++) {
    await endPause(cluster, account);
    unsent = await settled(cluster, account, attempt);
  }
  const failures = () => failuresOf(cluster.logs.slice(firstLogLine), account);
  const isLogged = () => failures().length >= (outcome.deliveries?.failures.length ?? 0);
  await eventually("the failures in the log", isLogged, LOG_LIMIT_MS).catch(() => {});
  return {
    messages: receiver.of(account),
    failures: failures(),
    unsent,
    logs: cluster.logs.slice(firstLogLine),
  };
}

/** The events that are still to be sent once each has had this many attempts. */
async function settled(cluster: GatewayCluster, account: string, attempts: number): Promise<UnsentEvent[]> {
  const deadline = performance.now() + LIMIT_MS;
  for (let pollMs = POLL_MS; ; pollMs = Math.min(pollMs * 1.5, POLL_MAX_MS)) {
    const rows = await cluster.network.ledgerRows(
      account,
      "SELECT attempts, next_at - at AS waits_ms FROM outbox JOIN events USING (number)",
    );
    const events = rows.map((row) => ({ attempts: Number(row.attempts), waitsMs: Number(row.waits_ms) }));
    const isSettled = events.every((event) => event.attempts >= attempts);
    if (isSettled || performance.now() > deadline) return events;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** The pause before the next attempt has passed. A ledger that starts sends what is due. */
async function endPause(cluster: GatewayCluster, account: string): Promise<void> {
  await cluster.network.ledgerRows(account, "UPDATE outbox SET next_at = 0");
  await cluster.network.restartLedger(account);
}

function failuresOf(lines: readonly string[], account: string): (number | string)[] {
  return lines
    .filter((line) => line.includes('"delivery_failed"') && line.includes(`"${account}"`))
    .map((line) => JSON.parse(line))
    .map(({ status, reason }) => status ?? reason);
}

/** Ledgers that start while `work` runs have this `EVENTS_URL`. */
export async function withEventsUrl<T>(
  cluster: GatewayCluster,
  url: string,
  work: () => Promise<T>,
): Promise<T> {
  const [before, after] = ["before_events_url", "after_events_url"] as const;
  // It must have started before: with a setting that is refused, no ledger starts.
  await cluster.network.ledgerRows(after, "SELECT 1");
  await cluster.network.deployLedger(before, { EVENTS_URL: url });
  try {
    return await work();
  } finally {
    await cluster.network.deployLedger(after, { EVENTS_URL: cluster.settings.EVENTS_URL });
  }
}
