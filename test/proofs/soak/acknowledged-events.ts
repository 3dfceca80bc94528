/**
 * The changes that a soak's calls were answered for, and their comparison with the event log and with the messages that
 * the receiver got.
 *
 * Every acknowledged change must be in the log exactly once, with the actor of its credential; every event of the log that
 * is sent must have reached the receiver under one message id, and those of one key in order.
 */
import type { ShownEvent } from "../../control/account.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { ReceivedMessage, WebhookReceiver } from "../../support/webhook-receiver.ts";

/** Actions that the receiver is not sent. */
const NOT_SENT = /^(?:creations_abandoned|kv_rebuilt|answer_repeated|portal_|delivery_failed)/;

export class AcknowledgedEvents {
  readonly #byAccount = new Map<string, string[]>();

  add(account: string, action: string, keyId: string | null, actor: string): void {
    const list = this.#byAccount.get(account) ?? [];
    list.push(`${action} ${keyId} by ${actor}`);
    this.#byAccount.set(account, list);
  }

  get count(): number {
    return [...this.#byAccount.values()].reduce((sum, list) => sum + list.length, 0);
  }

  get accounts(): string[] {
    return [...this.#byAccount.keys()];
  }

  /** Acknowledged changes that are not in the log, or more often than they were made. */
  differences(account: string, log: readonly ShownEvent[]): string[] {
    const expected = countOf(this.#byAccount.get(account) ?? []);
    const seen = countOf(log.map(({ action, key_id, actor }) => `${action} ${key_id} by ${actor}`));
    return [...expected]
      .filter(([event, count]) => seen.get(event) !== count)
      .map(([event, count]) => `${account}: ${event}, ${seen.get(event) ?? 0} times instead of ${count}`);
  }
}

/** The whole log of an account, oldest first. */
export async function readLog(cluster: GatewayCluster, account: string): Promise<ShownEvent[]> {
  const log: ShownEvent[] = [];
  let cursor = "";
  do {
    const { json } = await cluster.control("GET", `/accounts/${account}/events?limit=200${cursor}`);
    log.push(...json.events);
    cursor = json.next_cursor === null ? "" : `&cursor=${encodeURIComponent(json.next_cursor)}`;
  } while (cursor !== "");
  return log.reverse();
}

/** What is wrong with the messages about an account, in words. */
export function undelivered(
  account: string,
  log: readonly ShownEvent[],
  receiver: WebhookReceiver,
): string[] {
  const messages = receiver.of(account);
  const problems = messages
    .filter(({ isVerified }) => !isVerified)
    .map(({ id }) => `${account}: ${id} is not signed`);
  const byNumber = Map.groupBy(messages, ({ data }) => data.number);
  const sent = log.filter(({ action }) => !NOT_SENT.test(action));
  for (const { number, action } of sent) {
    const ids = new Set((byNumber.get(number) ?? []).map(({ id }) => id));
    if (ids.size !== 1)
      problems.push(`${account}: event ${number}, ${action}, arrived under ${ids.size} ids`);
  }
  if (byNumber.size !== sent.length)
    problems.push(`${account}: ${byNumber.size} messages for ${sent.length} events`);
  if (new Set(messages.map(({ id }) => id)).size !== byNumber.size)
    problems.push(`${account}: an id was used twice`);
  return [...problems, ...disorder(account, messages)];
}

function disorder(account: string, messages: readonly ReceivedMessage[]): string[] {
  const latest = new Map<string | null, number>();
  const seen = new Set<string>();
  const problems: string[] = [];
  for (const { id, data } of messages) {
    if (seen.has(id)) continue;
    seen.add(id);
    const before = latest.get(data.key_id) ?? 0;
    if (data.number < before) problems.push(`${account}: event ${data.number} arrived after ${before}`);
    latest.set(data.key_id, data.number);
  }
  return problems;
}

function countOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
