/**
 * The situations in which keys are restricted, each run once per restriction: use the key, make the call, and use it again
 * on every gateway from the moment of the answer. Requests that the restriction leaves allowed run beside (allowed-requests.ts);
 * at the end it is undone, where it can be, and the key is used until every gateway accepts it again.
 *
 * checker.ts judges the result. Pauses only spread the moments; no outcome depends on them.
 */

import { setTimeout as pause } from "node:timers/promises";
import { CLOCK_STEP_MAX_MS } from "../../../src/ledger/lease-book.ts";
import { eventually } from "../../support/time-limits.ts";
import { AllowedRequests } from "./allowed-requests.ts";
import { type Case, type RestrictionRecord, SITUATIONS, type Situation } from "./history.ts";
import {
  allEnded,
  holds,
  startOnEveryGateway,
  streams,
  unreadStreams,
  uploads,
} from "./in-flight-requests.ts";
import type { CampaignContext, KeyClient } from "./key-client.ts";
import { answering } from "./origin-script.ts";
import {
  type RestrictingCall,
  restrict,
  restrictAndDisconnect,
  restrictTwice,
  undo,
} from "./restricting-call.ts";
import { allowedIn, type RestrictionName, restrictionOf } from "./restrictions.ts";

export interface SituationRun extends Case {
  readonly context: CampaignContext;
  readonly client: KeyClient;
  /** 0 to 1, different for each restriction: spreads the events over a lease. */
  readonly spread: number;
}

/** Resolves to the restriction when every request that it forbids has ended. */
type Runner = (run: SituationRun) => Promise<RestrictionRecord>;

const HELD_MAX_MS = 3000;
/** How long after `t` the gateway stays partitioned. */
const PARTITION_AFTER_ANSWER_MS = 500;

const RUNNERS: Readonly<Record<Situation, Runner>> = {
  busy,
  idle,
  "just created": justCreated,
  "waiting on the origin": waiting,
  uploading,
  "streaming chunked": (run) => streamed(run, true),
  "streaming with a length": (run) => streamed(run, false),
  "unread stream": unread,
  "everything in flight": everything,
  "called twice at once": twice,
  "caller disconnects": callerDisconnects,
  "gateway partitioned": partitioned,
  "ledger restarted": restarted,
};

/** Situations that affect the account's ledger, and with it all of its keys. */
const OF_THE_LEDGER: readonly Situation[] = ["gateway partitioned", "ledger restarted"];

/** Whether the key needs an account of its own. */
export function isAloneInAccount({ restriction, situation }: Case): boolean {
  return OF_THE_LEDGER.includes(situation) || restrictionOf(restriction).ofAccount === true;
}

/** The restriction in every situation in which it can occur. */
export function casesOf(restriction: RestrictionName): Case[] {
  const { notIn = [] } = restrictionOf(restriction);
  return SITUATIONS.filter((situation) => !notIn.includes(situation)).map((situation) => ({
    restriction,
    situation,
  }));
}

export async function runSituation(run: SituationRun): Promise<void> {
  const { context, client, restriction, situation } = run;
  const { undo: undoing } = restrictionOf(restriction);
  const allows = allowedIn({ restriction, situation });
  await client.openConnections();
  const allowed = allows && (await AllowedRequests.start(run, allows));
  const made = await RUNNERS[situation](run);
  await allowed?.finish();
  if (undoing) {
    await undo({ ...run, atAnswer: () => {} }, undoing, made);
    await client.useUntilAccepted(context.graceMs);
  }
  await client.close();
}

async function busy(run: SituationRun): Promise<RestrictionRecord> {
  await underLoad(run);
  return await restrictAndProbe(run);
}

async function idle(run: SituationRun): Promise<RestrictionRecord> {
  await run.client.useEverywhere();
  // Twice, because a renewal started by the last request may reach the ledger after that request's response.
  await pause(2 * (run.context.leaseMs + run.context.marginMs) + CLOCK_STEP_MAX_MS);
  return await restrictAndProbe(run);
}

/** Restricted as soon as one gateway has accepted it, while the others request their first lease. */
async function justCreated(run: SituationRun): Promise<RestrictionRecord> {
  const { client } = run;
  const openRequests = await startOnEveryGateway(client, (gateway) =>
    client.start("load", gateway, answering(40)),
  );
  await Promise.race(openRequests.map((openRequest) => openRequest.seen));
  return await restrictAndProbe(run);
}

/** The origin holds a request on every gateway: most indefinitely, one until `t`, one until about then. */
async function waiting(run: SituationRun): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const openRequests = await holds(client);
  await pause(spread * HELD_MAX_MS);
  const [, , releasedAtAnswer, releasedAbout] = openRequests;
  setTimeout(() => releasedAbout?.origin.release(), spread * (context.leaseMs + context.marginMs));
  const made = await restrictAndProbe(run, { atAnswer: () => releasedAtAnswer?.origin.release() });
  await allEnded(openRequests, context.graceMs);
  return made;
}

/** Uploads continue until `t` and then end properly. */
async function uploading(run: SituationRun): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const answered = new AbortController();
  const openRequests = await uploads(client, answered.signal);
  await pause(spread * context.leaseMs);
  const made = await restrictAndProbe(run, { atAnswer: () => answered.abort() });
  await allEnded(openRequests, context.graceMs);
  return made;
}

async function streamed(run: SituationRun, chunked: boolean): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const openRequests = await streams(client, chunked);
  await pause(spread * context.leaseMs);
  const made = await restrictAndProbe(run);
  await allEnded(openRequests, context.graceMs);
  return made;
}

/** From `t` the client reads what was sent to it, and must not find a proper end. */
async function unread(run: SituationRun): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const openRequests = await unreadStreams(client);
  await pause(spread * context.leaseMs);
  const resumeReading = () => {
    for (const openRequest of openRequests) {
      openRequest.origin.recordOfferedBytes();
      openRequest.connection.resume();
    }
  };
  const made = await restrictAndProbe(run, { atAnswer: resumeReading });
  await allEnded(openRequests, context.graceMs);
  return made;
}

/** Under load, requests wait, upload and stream on every gateway. */
async function everything(run: SituationRun): Promise<RestrictionRecord> {
  const { client, context } = run;
  await underLoad(run);
  const answered = new AbortController();
  const held = await holds(client);
  const others = [...(await uploads(client, answered.signal)), ...(await streams(client, true))];
  const atAnswer = () => {
    answered.abort();
    for (const openRequest of held.slice(1)) openRequest.origin.release();
  };
  const made = await restrictAndProbe(run, { atAnswer });
  await allEnded([...held, ...others], context.graceMs);
  return made;
}

async function twice(run: SituationRun): Promise<RestrictionRecord> {
  await underLoad(run);
  return await restrictAndProbe(run, { call: restrictTwice });
}

/** Its caller disconnects once the restriction is written. */
async function callerDisconnects(run: SituationRun): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  const { network } = context.cluster;
  const { account, id } = client.key;
  await underLoad(run);
  const written = async () => {
    const sql = `SELECT 1 FROM events WHERE action <> 'created' AND (key_id = '${id}' OR key_id IS NULL)`;
    await eventually("the restriction", async () => (await network.ledgerRows(account, sql)).length > 0);
    await pause((spread * context.leaseMs) / 4);
  };
  const refusedEverywhere = async () => {
    await eventually(
      "the key to be refused everywhere",
      () => client.refusedOn.size === client.gateways.length,
    );
  };
  return await restrictAndProbe(run, {
    call: (call) => restrictAndDisconnect(call, written, refusedEverywhere),
  });
}

/** One gateway cannot reach the ledger; a request held there is answered at `t`. */
async function partitioned(run: SituationRun): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  const { network } = context.cluster;
  await client.useEverywhere();
  const held = await holds(client);
  const openStreams = await streams(client, true);
  const gateway = 1 + Math.floor(spread * (client.gateways.length - 1));
  const lift = await network.fault({
    on: "ledger",
    how: "hang-before",
    caller: gateway,
    operation: "lease",
    account: client.key.account,
  });
  const release = () => {
    for (const openRequest of held) openRequest.origin.release();
    setTimeout(lift, PARTITION_AFTER_ANSWER_MS);
  };
  const made = await restrictAndProbe(run, { atAnswer: release });
  await allEnded([...held, ...openStreams], context.graceMs);
  return made;
}

async function restarted(run: SituationRun): Promise<RestrictionRecord> {
  const { client, spread, context } = run;
  await underLoad(run);
  const openRequests = await streams(client, true);
  const restart = async () => {
    await pause(spread * context.leaseMs);
    await context.cluster.network.restartLedger(client.key.account);
  };
  const [made] = await Promise.all([restrictAndProbe(run), restart()]);
  await allEnded(openRequests, context.graceMs);
  return made;
}

interface Restricting {
  /** Runs at `t`. */
  readonly atAnswer?: () => void;
  readonly call?: (call: RestrictingCall) => Promise<RestrictionRecord>;
}

/** Restricts the key, and uses it on every gateway from the moment of the answer. */
async function restrictAndProbe(
  run: SituationRun,
  { atAnswer, call = restrict }: Restricting = {},
): Promise<RestrictionRecord> {
  const { client } = run;
  // New ones, while the call is carried out: workerd closes connections that were idle for a few seconds.
  const opened = client.openConnections();
  client.increaseLoad();
  let probes: Promise<void> | undefined;
  const made = await call({
    ...run,
    atAnswer: () => {
      atAnswer?.();
      probes = opened.then(() => client.probeEverywhere());
      // The error surfaces when `probes` is awaited.
      probes.catch(() => {});
    },
  });
  await probes;
  await client.stopLoad();
  return made;
}

/** Uses the key on all gateways until each has accepted it, and a while longer. */
async function underLoad({ client, spread, context }: SituationRun): Promise<void> {
  await client.useEverywhere();
  client.startLoad();
  await pause(spread * context.leaseMs);
}
