/**
 * One restriction as its caller sees it, with the two moments against which everything is measured.
 *
 * `answeredAt` is the moment `t`: the answer has been read from its socket. Bytes that left the gateway before `t` may
 * still be in other sockets of this process, because Node reads sockets one after another, in no guaranteed order. They
 * are no violation. So `settledAt` is taken after one whole poll phase of the event loop that began after `t`: the first
 * `setImmediate` runs when the poll phase that read the answer is over, the second after the next one, which reads every
 * socket with data. Loopback delivers a byte as it is sent, and clients here read at once and never receive more than a
 * socket holds, so bytes that are read later left later.
 */
import { setImmediate as loopTurn } from "node:timers/promises";
import type { ControlAnswer, ControlOptions } from "../../support/control-client.ts";
import { RawConnection } from "../../support/raw-http.ts";
import type { Case, RestrictionRecord } from "./history.ts";
import type { CampaignContext, KeyClient } from "./key-client.ts";
import { type ControlCall, restrictionOf } from "./restrictions.ts";

/** 503: a restarted ledger may answer so first. 422: on a slow machine a sooner end has passed when the call arrives. */
const NO_ANSWER = [503, 422];
const CALLS_MAX = 10;

export interface RestrictingCall extends Case {
  readonly context: CampaignContext;
  readonly client: KeyClient;
  /** Runs at `t`, before any other received data is processed. */
  readonly atAnswer: () => void;
}

/** A single call. */
export async function restrict(call: RestrictingCall): Promise<RestrictionRecord> {
  const calledAt = performance.now();
  return await record(call, calledAt, await answerTo(call));
}

/** Two concurrent calls, through the nearest gateway and the farthest; `t` is the first answer. */
export async function restrictTwice(call: RestrictingCall): Promise<RestrictionRecord> {
  const calledAt = performance.now();
  const { gateways } = call.context.cluster;
  const calls = gateways
    .slice(-1)
    .concat(gateways[0] ?? [])
    .map((to) => answerTo(call, { to }));
  const answer = await Promise.race(calls);
  return await record(call, calledAt, answer, { others: calls });
}

/** A call whose caller disconnects after `written`. `t` is the answer to a second call, made after `meanwhile`. */
export async function restrictAndDisconnect(
  call: RestrictingCall,
  written: () => Promise<void>,
  meanwhile: () => Promise<void>,
): Promise<RestrictionRecord> {
  const { context, client, restriction } = call;
  const { method, path, body } = restrictionOf(restriction).call;
  const content = JSON.stringify(body(client.key));
  const connection = await RawConnection.open(context.cluster.gateway(0));
  const calledAt = performance.now();
  const exchange = connection.send({
    method,
    target: `/control/v1${path(client.key)}`,
    headers: [
      ["Authorization", `Bearer ${context.cluster.settings.CONTROL_TOKEN}`],
      ["Content-Type", "application/json"],
    ],
    body: content,
  });
  await written();
  connection.destroy();
  const { status } = await exchange.response();
  if (status !== 0) throw new Error(`${restriction} was answered ${status} before its caller disconnected`);
  await meanwhile();
  const repeatedAt = performance.now();
  return await record(call, calledAt, await answerTo(call), { repeatedAt });
}

/** Lifts the restriction. Requests that start from now on may succeed. */
export async function undo(
  call: RestrictingCall,
  undoing: ControlCall,
  made: RestrictionRecord,
): Promise<void> {
  made.undoneAt = performance.now();
  await answerTo(call, {}, undoing);
}

async function answerTo(
  { context, client, restriction }: RestrictingCall,
  options: ControlOptions = {},
  { method, path, body } = restrictionOf(restriction).call,
): Promise<ControlAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await context.cluster.control(method, path(client.key), body(client.key), options);
    if (answer.status === 200 || answer.status === 201) return answer;
    if (!NO_ANSWER.includes(answer.status) || attempt === CALLS_MAX)
      throw new Error(`${method} ${path(client.key)}: ${answer.status} ${answer.response.body}`);
  }
}

/** Call it without an await since the answer. */
async function record(
  { context, client, restriction, situation, atAnswer }: RestrictingCall,
  calledAt: number,
  answer: ControlAnswer,
  more: { repeatedAt?: number; others?: readonly Promise<ControlAnswer>[] } = {},
): Promise<RestrictionRecord> {
  atAnswer();
  await loopTurn();
  await loopTurn();
  const settledAt = performance.now();
  const answers = more.others ? await Promise.all(more.others) : [answer];
  const made: RestrictionRecord = {
    keyId: client.key.id,
    restriction,
    situation,
    calledAt,
    answeredAt: answer.answeredAt,
    settledAt,
    repeatedAt: more.repeatedAt,
    effectiveAt: answers.map(({ json }) => json.effective_at),
    waitedMs: answer.json.waited_ms,
    undoneAt: undefined,
  };
  context.history.restrictions.push(made);
  return made;
}
