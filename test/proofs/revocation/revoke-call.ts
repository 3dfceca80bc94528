/**
 * One revocation as its caller sees it, with the two moments that everything is measured against.
 *
 * `answeredAt` is the moment `t`: the answer has been read from its socket. Bytes that left the gateway before
 * may at that moment still lie in other sockets of this process: Node reads them one after another, in no
 * promised order. They must not be held against the gateway. So `settledAt` is taken after one whole poll
 * phase of the event loop that began after `t`: the first `setImmediate` runs when the poll phase that brought
 * the answer is over, the second after the next one, which reads every socket that has anything to read.
 * Loopback hands a byte to its receiver as it is sent, and clients here read at once and are never sent more
 * than a socket holds, so what is read later left later.
 */
import { setImmediate as loopTurn, setTimeout as pause } from "node:timers/promises";
import type { ControlAnswer, ControlOptions, IssuedKey } from "../../support/control-client.ts";
import { RawConnection } from "../../support/raw-http.ts";
import type { Situation } from "./history.ts";
import type { KeyClient, Stage } from "./key-client.ts";

/** A ledger that is restarted under a call may answer 503 first; that is no answer to the revocation. */
const CALLS_MAX = 10;

/** A call after whose answer the key must be dead. */
export interface Way {
  readonly path: (key: IssuedKey) => string;
  readonly body: (key: IssuedKey) => object;
}

export const REVOKED: Way = {
  path: ({ account, id }) => `/accounts/${account}/keys/${id}/revoke`,
  body: () => ({}),
};
export const ROTATED: Way = {
  path: ({ account, id }) => `/accounts/${account}/keys/${id}/rotate`,
  body: () => ({ overlap_seconds: 0 }),
};
export const REVOKED_BY_HOLDER: Way = { path: () => "/revoke", body: ({ secret }) => ({ secret }) };
export const ACCOUNT_REVOKED: Way = {
  path: ({ account }) => `/accounts/${account}/revoke-all`,
  body: () => ({}),
};

export interface Revocation {
  readonly stage: Stage;
  readonly client: KeyClient;
  readonly situation: Situation;
  /** Runs at `t`, before anything else that has been received is looked at. */
  readonly atAnswer: () => void;
}

/** One call. */
export async function revoke(revocation: Revocation, way = REVOKED): Promise<void> {
  const calledAt = performance.now();
  const answer = await answerTo(revocation, {}, way);
  await note(revocation, calledAt, answer);
}

/** Two calls at once, through the nearest gateway and the farthest; `t` is the first answer. */
export async function revokeTwice(revocation: Revocation): Promise<void> {
  const calledAt = performance.now();
  const { gateways } = revocation.stage.cluster;
  const calls = gateways
    .slice(-1)
    .concat(gateways[0] ?? [])
    .map((to) => answerTo(revocation, { to }));
  const answer = await Promise.race(calls);
  await note(revocation, calledAt, answer, { others: calls });
}

/** A call whose caller hangs up after `hangUpMs`. `t` is the answer to a second one, made after `meanwhile`. */
export async function revokeHangingUp(
  revocation: Revocation,
  hangUpMs: number,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const { stage, client } = revocation;
  const connection = await RawConnection.open(stage.cluster.gateway(0));
  const calledAt = performance.now();
  const call = connection.send({
    method: "POST",
    target: `/control/v1${REVOKED.path(client.key)}`,
    headers: [["Authorization", `Bearer ${stage.cluster.settings.CONTROL_TOKEN}`]],
  });
  await pause(hangUpMs);
  connection.destroy();
  const { status } = await call.response();
  if (status !== 0) throw new Error(`revoke was answered ${status} before its caller hung up`);
  await meanwhile();
  const calledAgainAt = performance.now();
  const answer = await answerTo(revocation);
  await note(revocation, calledAt, answer, { calledAgainAt });
}

async function answerTo(
  { stage, client }: Revocation,
  options: ControlOptions = {},
  way = REVOKED,
): Promise<ControlAnswer> {
  for (let call = 1; ; call++) {
    const answer = await stage.cluster.control("POST", way.path(client.key), way.body(client.key), options);
    if (answer.status === 200 || answer.status === 201) return answer;
    if (answer.status !== 503 || call === CALLS_MAX) {
      throw new Error(`${way.path(client.key)}: ${answer.status} ${answer.response.body}`);
    }
  }
}

/** To be called with nothing awaited since the answer. */
async function note(
  { stage, client, situation, atAnswer }: Revocation,
  calledAt: number,
  answer: ControlAnswer,
  more: { calledAgainAt?: number; others?: readonly Promise<ControlAnswer>[] } = {},
): Promise<void> {
  atAnswer();
  await loopTurn();
  await loopTurn();
  const settledAt = performance.now();
  const answers = more.others ? await Promise.all(more.others) : [answer];
  stage.history.revocations.push({
    keyId: client.key.id,
    situation,
    calledAt,
    answeredAt: answer.answeredAt,
    settledAt,
    calledAgainAt: more.calledAgainAt,
    effectiveAt: answers.map(({ json }) => json.effective_at),
    waitedMs: answer.json.waited_ms,
  });
}
