// Never run: compiles only while the service has the types that a dashboard relies on.

import type { KeyService } from "../../src/control/key-service.ts";

export async function typedForTheCaller(keys: Service<typeof KeyService>): Promise<string> {
  const created = await keys.createKey("acct", { name: "a key", mode: "live", permissions: ["posts:read"] });
  if (!created.ok) return `${created.error.status} ${created.error.code} ${created.error.error}`;
  // @ts-expect-error Unknown permission.
  await keys.createKey("acct", { name: "a key", mode: "live", permissions: ["posts:everything"] });
  // @ts-expect-error A refusal has no value.
  void (await keys.getKey("acct", created.value.id)).value;
  const page = await keys.listEvents("acct", { limit: 1 });
  if (!page.ok) return JSON.stringify(page.error.details);
  return (
    page.value.events.map(({ actor, claimed_actor, action }) => actor + claimed_actor + action).join() +
    created.value.secret
  );
}
