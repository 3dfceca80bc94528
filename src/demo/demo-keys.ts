/** Creates the keys of the demo and a link to its key page over the control plane, as any client would. */

import { setTimeout as sleep } from "node:timers/promises";
import type { DemoKey, DemoKeys } from "./walkthrough.ts";

const RESPONSE_TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 5;
const RETRY_AFTER_MS = 1_000;

interface Gateway {
  readonly url: string;
  readonly controlToken: string;
}

export async function createDemoKeys(gateway: Gateway, account: string): Promise<DemoKeys> {
  const create = (input: object) => createKey(gateway, account, input);
  return {
    live: await create({ name: "Demo, live", mode: "live" }),
    test: await create({ name: "Demo, test", mode: "test" }),
    readOnly: await create({ name: "Demo, read-only", mode: "live", permissions: ["posts:read"] }),
  };
}

/** The link opens the account's key page once, within five minutes. */
export async function createPageLink(gateway: Gateway, account: string): Promise<string> {
  const response = await post(gateway, pageLinkUrl(gateway.url, account));
  if (response.status !== 200) {
    throw new Error(`The control plane created no link: ${response.status} ${await response.text()}`);
  }
  return ((await response.json()) as { url: string }).url;
}

export function pageLinkUrl(gatewayUrl: string, account: string): string {
  return `${gatewayUrl}/control/v1/accounts/${account}/portal-sessions`;
}

async function createKey(gateway: Gateway, account: string, input: object): Promise<DemoKey> {
  for (let attempt = 1; ; attempt++) {
    const response = await post(gateway, `${gateway.url}/control/v1/accounts/${account}/keys`, input);
    if (response.status === 201) {
      const { id, secret } = (await response.json()) as DemoKey;
      return { id, secret };
    }
    // 503: no key was created. The first call may time out while the stores start on a busy machine.
    if (response.status !== 503 || attempt === ATTEMPTS_MAX) {
      throw new Error(`The control plane created no key: ${response.status} ${await response.text()}`);
    }
    await response.body?.cancel();
    await sleep(RETRY_AFTER_MS);
  }
}

function post({ controlToken }: Gateway, url: string, body?: object): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${controlToken}`,
      ...(body && { "Content-Type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
  });
}
