/**
 * One revocation as its caller sees it, with the two moments against which everything is measured.
 *
 * `answeredAt` is the moment `t`: the answer has been read from its socket. Bytes that left the gateway before `t` may
 * still be in other sockets of this process, because Node reads sockets one after another, in no guaranteed order. They
 * are no violation. So `settledAt` is taken after one whole poll phase of the event loop that began after `t`: the first
 * `setImmediate` runs when the poll phase that read the answer is over, the second after the next one, which reads every
 * socket with data. Loopback delivers a byte as it is sent, and clients here read at once and never receive more than a
 * socket holds, so bytes that are read later left later.
 */
import { setImmediate as loopTurn, setTimeout as pause } from "node:timers/promises";
import type { ControlAnswer, ControlOptions, IssuedKey } from "../../support/control-client.ts";
import { RawConnection } from "../../support/raw-http.ts";
import type { Situation } from "./history.ts";
import type { CampaignContext, KeyClient } from "./key-client.ts";

/** A restarted ledger may answer 503 first, which does not answer the revocation. */
const CALLS_MAX = 10;

/** A call whose answer means that the key is revoked. */
export interface RevokingCall {
  readonly path: (key: IssuedKey) => string;
  readonly body: (key: IssuedKey) => object;
}

export const REVOKED: RevokingCall = {
  path: ({ account, id }) => `/accounts/${account}/keys/${id}/revoke`,
  body: () => ({}),
};
export const ROTATED: RevokingCall = {
  path: ({ account, id }) => `/accounts/${account}/keys/${id}/rotate`,
  body: () => ({ overlap_seconds: 0 }),
};
export const REVOKED_BY_HOLDER: RevokingCall = { path: () => "/revoke", body: ({ secret }) => ({ secret }) };
export const ACCOUNT_REVOKED: RevokingCall = {
  path: ({ account }) => `/accounts/${account}/revoke-all`,
  body: () => ({}),
};

export interface Revocation {
  readonly context: CampaignContext;
  readonly client: KeyClient;
  readonly situation: Situation;
  /** Runs at `t`, before any other received data is processed. */
  readonly atAnswer: () => void;
}

/** A single call. */
export async function revoke(revocation: Revocation, revokingCall = REVOKED): Promise<void> {
  const calledAt = performance.now();
  const answer = await answerTo(revocation, {}, revokingCall);
  await recordRevocation(revocation, calledAt, answer);
}

/** Two concurrent calls, through the nearest gateway and the farthest; `t` is the first answer. */
export async function revokeTwice(revocation: Revocation): Promise<void> {
  const calledAt = performance.now();
  const { gateways } = revocation.context.cluster;
  const calls = gateways
    .slice(-1)
    .concat(gateways[0] ?? [])
    .map((to) => answerTo(revocation, { to }));
  const answer = await Promise.race(calls);
  await recordRevocation(revocation, calledAt, answer, { others: calls });
}

/** A call whose caller disconnects after `disconnectMs`. `t` is the answer to a second call, made after `meanwhile`. */
export async function revokeAndDisconnect(
  revocation: Revocation,
  disconnectMs: number,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const { context, client } = revocation;
  const connection = await RawConnection.open(context.cluster.gateway(0));
  const calledAt = performance.now();
  const call = connection.send({
    method: "POST",
    target: `/control/v1${REVOKED.path(client.key)}`,
    headers: [["Authorization", `Bearer ${context.cluster.settings.CONTROL_TOKEN}`]],
  });
  await pause(disconnectMs);
  connection.destroy();
  const { status } = await call.response();
  if (status !== 0) throw new Error(`revoke was answered ${status} before its caller disconnected`);
  await meanwhile();
  const repeatedAt = performance.now();
  const answer = await answerTo(revocation);
  await recordRevocation(revocation, calledAt, answer, { repeatedAt });
}

async function answerTo(
  { context, client }: Revocation,
  options: ControlOptions = {},
  revokingCall = REVOKED,
): Promise<ControlAnswer> {
  for (let call = 1; ; call++) {
    const answer = await context.cluster.control(
      "POST",
      revokingCall.path(client.key),
      revokingCall.body(client.key),
      options,
    );
    if (answer.status === 200 || answer.status === 201) return answer;
    if (answer.status !== 503 || call === CALLS_MAX) {
      throw new Error(`${revokingCall.path(client.key)}: ${answer.status} ${answer.response.body}`);
    }
  }
}

/** Call it without an await since the answer. */
async function recordRevocation(
  { context, client, situation, atAnswer }: Revocation,
  calledAt: number,
  answer: ControlAnswer,
  more: { repeatedAt?: number; others?: readonly Promise<ControlAnswer>[] } = {},
): Promise<void> {
  atAnswer();
  await loopTurn();
  await loopTurn();
  const settledAt = performance.now();
  const answers = more.others ? await Promise.all(more.others) : [answer];
  context.history.revocations.push({
    keyId: client.key.id,
    situation,
    calledAt,
    answeredAt: answer.answeredAt,
    settledAt,
    repeatedAt: more.repeatedAt,
    effectiveAt: answers.map(({ json }) => json.effective_at),
    waitedMs: answer.json.waited_ms,
  });
}
