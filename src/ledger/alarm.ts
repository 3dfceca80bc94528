/** The ledger's one alarm. Whatever it was set for, it has all looked after that may be due, and is set again. */

/** An alarm that comes sooner stays: a steady stream of calls must not push it away. */
export async function scheduleAlarm(storage: DurableObjectStorage, time: number): Promise<void> {
  const set = await storage.getAlarm();
  if (set === null || set > time) await storage.setAlarm(time);
}
