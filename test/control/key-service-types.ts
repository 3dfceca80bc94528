// Never run: it compiles only while a dashboard's view of the service is what TypeScript says it is.

import type { KeyService } from "../../src/control/key-service.ts";

export async function typedForTheCaller(keys: Service<typeof KeyService>): Promise<string> {
  const created = await keys.createKey("acct", { name: "a key", mode: "live", permissions: ["posts:read"] });
  if (!created.ok) return `${created.error.status} ${created.error.code} ${created.error.error}`;
  // @ts-expect-error There is no such permission.
  await keys.createKey("acct", { name: "a key", mode: "live", permissions: ["posts:everything"] });
  // @ts-expect-error A refusal has no value.
  void (await keys.getKey("acct", created.value.id)).value;
  const page = await keys.listEvents("acct", { limit: 1 });
  if (!page.ok) return JSON.stringify(page.error.details);
  return page.value.events.map(({ actor, action }) => actor + action).join() + created.value.secret;
}
