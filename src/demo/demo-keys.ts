/**
 * Makes the keys of the demo, and a link to its key page, the way any tool would: over the control plane.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoKey, DemoKeys } from "./walkthrough.ts";

const ANSWER_TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 5;
const RETRY_AFTER_MS = 1_000;

interface ControlPlane {
  url: string;
  controlToken: string;
}

export async function makeDemoKeys(gateway: ControlPlane, account: string): Promise<DemoKeys> {
  const make = (wanted: object) => makeKey(gateway, account, wanted);
  return {
    live: await make({ name: "Demo, live", mode: "live" }),
    test: await make({ name: "Demo, test", mode: "test" }),
    readOnly: await make({ name: "Demo, read-only", mode: "live", permissions: ["posts:read"] }),
  };
}

/** Opens the account's key page, once, within five minutes. */
export async function makePageLink(gateway: ControlPlane, account: string): Promise<string> {
  const response = await fetch(pageLinkUrl(gateway, account), {
    method: "POST",
    headers: { Authorization: `Bearer ${gateway.controlToken}` },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (response.status !== 200) {
    throw new Error(`The control plane did not make a link: ${response.status} ${await response.text()}`);
  }
  return ((await response.json()) as { url: string }).url;
}

export function pageLinkUrl(gateway: ControlPlane, account: string): string {
  return `${gateway.url}/control/v1/accounts/${account}/portal-sessions`;
}

async function makeKey(gateway: ControlPlane, account: string, wanted: object): Promise<DemoKey> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${gateway.url}/control/v1/accounts/${account}/keys`, {
      method: "POST",
      headers: { Authorization: `Bearer ${gateway.controlToken}`, "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status === 201) {
      const { id, secret } = (await response.json()) as DemoKey;
      return { id, secret };
    }
    // 503: nothing was issued, ask again. On a busy machine the first call may find a slow start.
    if (response.status !== 503 || attempt === ATTEMPTS_MAX) {
      throw new Error(`The control plane did not make a key: ${response.status} ${await response.text()}`);
    }
    await response.body?.cancel();
    await sleep(RETRY_AFTER_MS);
  }
}
