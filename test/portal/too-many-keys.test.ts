/** The limit on new keys: the page says what happened and when to try again, and the form can be submitted then. */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { newKeyForm, sharedKeyPage, signIn } from "./key-page.ts";

const KEYS_PER_MINUTE = 50;

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

test("a form over the limit is answered with 429, a plain text and Retry-After", async () => {
  const { owner, submit } = await signIn(cluster);
  const keys = [];
  for (let i = 0; i < KEYS_PER_MINUTE; i++) keys.push(await owner.create({ name: `Key ${i}` }));
  const rotation = { form_id: crypto.randomUUID(), overlap: "3600" };
  for (const [path, fields] of [
    ["/keys/new", newKeyForm()],
    [`/keys/${keys[0]?.id}/rotate`, rotation],
  ] as const) {
    const response = await submit(path, fields);
    const seconds = Number(response.header("Retry-After"));
    expect([response.status, seconds > 0 && seconds <= 60], path).toEqual([429, true]);
    const text = response.body.toString();
    expect(text).toContain("Too many new keys");
    expect(text).toContain(`Try again in ${seconds} second`);
    expect(text).not.toContain("Something went wrong");
    expect((await logLineOf(cluster, response)).reason).toBe("too_many_new_keys");
  }
  expect(await owner.keys()).toHaveLength(KEYS_PER_MINUTE);
});
