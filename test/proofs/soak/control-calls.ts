/** The control plane as a soak uses it: through any gateway, with any credential, repeated until the outcome is known. */
import { setTimeout as pause } from "node:timers/promises";
import { RIGHTS, sha256 } from "../../control/credentials.ts";
import type { ControlAnswer } from "../../support/control-client.ts";
import type { Header } from "../../support/raw-http.ts";
import { ACCOUNT_NAMES, type SoakContext } from "./soak-context.ts";

const PAUSE_MS = 60;
/** A call without an answer is repeated until its outcome is known. */
const CALLS_MAX = 80;

const tokenOf = (name: string) => `token-of-the-soak-${name}`;
const credential = (name: string, may: readonly string[], accounts?: readonly string[]) => ({
  name,
  sha256: sha256(tokenOf(name)),
  may,
  ...(accounts && { accounts }),
});

export const CONTROL_CREDENTIALS = JSON.stringify([
  credential("dashboard", RIGHTS, ACCOUNT_NAMES),
  credential("auditor", ["keys:read"]),
  credential("tenant", RIGHTS, ["another_account"]),
]);

/** The actors of changes, and their tokens; undefined: `CONTROL_TOKEN`. */
const ACTORS = [
  { actor: "control_token", token: undefined },
  { actor: "dashboard", token: tokenOf("dashboard") },
] as const;

/** Credentials that may not change a key of the soak's accounts, and the status that they get. */
const REFUSED = [
  { token: tokenOf("auditor"), status: 403 },
  { token: tokenOf("tenant"), status: 404 },
] as const;

export type AcknowledgedAnswer = ControlAnswer & { readonly actor: string };

/** Calls until the answer is a success. Throws for any refusal that is not an outage. */
export async function acknowledged(
  context: SoakContext,
  method: string,
  path: string,
  body: object = {},
  headers: readonly Header[] = [],
): Promise<AcknowledgedAnswer> {
  const { actor, token } = context.random.pick(ACTORS);
  if (context.random.chance(0.1)) await tryWithoutRight(context, method, path, body);
  const options = { headers, ...(token !== undefined && { token }) };
  return { ...(await untilAnswered(context, method, path, body, options)), actor };
}

/** The same without a credential: its body, or its headers, are one. */
export function acknowledgedWithoutToken(
  context: SoakContext,
  path: string,
  body: object | string,
  headers: readonly Header[] = [],
): Promise<ControlAnswer> {
  return untilAnswered(context, "POST", path, body, { token: null, headers });
}

async function untilAnswered(
  { cluster, random, isOver }: SoakContext,
  method: string,
  path: string,
  body: object | string,
  options: { readonly token?: string | null; readonly headers: readonly Header[] },
): Promise<ControlAnswer> {
  for (let call = 1; ; call++) {
    const to = cluster.gateway(random.whole(0, cluster.gateways.length - 1));
    const answer = await cluster.control(method, path, body, { to, ...options }).catch(() => null);
    if (answer && answer.status < 300 && answer.status >= 200) return answer;
    const isOutage = !answer || answer.status === 0 || answer.status > 500 || answer.status === 429;
    // `in_progress`: an earlier attempt of this call is still at work.
    const isInProgress =
      answer?.status === 409 && options.headers.some(([name]) => name === "Idempotency-Key");
    if (call === CALLS_MAX || !(isOutage || isInProgress)) {
      throw new Error(`${method} ${path}: ${answer?.status} ${answer?.response.body} (over: ${isOver()})`);
    }
    await pause(answer?.status === 429 ? 20 * PAUSE_MS : PAUSE_MS);
  }
}

async function tryWithoutRight(
  { cluster, random, results }: SoakContext,
  method: string,
  path: string,
  body: object,
): Promise<void> {
  const { token, status } = random.pick(REFUSED);
  const gateway = random.whole(0, cluster.gateways.length - 1);
  const startedAt = performance.now();
  const answer = await cluster
    .control(method, path, body, { to: cluster.gateway(gateway), token })
    .catch(() => null);
  results.judge({
    what: `${method} ${path} without the right`,
    allowed: new Set([status]),
    status: answer?.status ?? 0,
    complete: answer !== null && answer.status !== 0,
    startedAt,
    endedAt: performance.now(),
  });
}
