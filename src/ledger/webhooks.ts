/**
 * Key events for `EVENTS_URL`, from the event log to the outbox.
 *
 * Guarantees that an event to be sent is in the outbox with the transaction that adds it, and that the alarm is set in
 * the same turn of the event loop: a restart loses no event. It sends nothing itself; EventDelivery does.
 */
import { EventDelivery } from "./event-delivery.ts";
import { KeyReminders } from "./key-reminders.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { ACCOUNT, type MetadataTable } from "./metadata-table.ts";
import { OutboxTable } from "./outbox-table.ts";
import { MESSAGE_TYPES } from "./webhook-message.ts";

export interface Webhooks {
  /** To be called by the alarm. Does not wait for the receiver. */
  run(now: number): void;
}

/** null: events are not sent. */
export function openWebhooks(
  { storage, settings, events, scheduleAlarm }: LedgerContext,
  metadata: MetadataTable,
  now: number,
): Webhooks | null {
  if (settings.webhooks === null) return null;
  const outbox = new OutboxTable(storage.sql);
  const reminders = new KeyReminders(storage, metadata, events, scheduleAlarm, now);
  const account = () => (metadata.get(ACCOUNT) as string | undefined) ?? "";
  const delivery = new EventDelivery({
    outbox,
    events,
    storage,
    settings: settings.webhooks,
    account,
    scheduleAlarm,
  });
  events.observeWith((action, number, keyId) => {
    if (MESSAGE_TYPES[action] === null) return;
    outbox.addAllAfter(number);
    if (keyId !== null) reminders.keyChanged(keyId);
    // Outside the transaction, which may still be undone, and in its turn.
    queueMicrotask(() => void scheduleAlarm(Date.now()));
  });
  // Rows that an earlier instance has left.
  if (outbox.nextAt([]) !== null) void scheduleAlarm(now);
  return {
    run: (at) => {
      reminders.run(at);
      delivery.run(at);
    },
  };
}
