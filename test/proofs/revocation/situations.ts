/**
 * The situations in which keys are revoked, each run once per revocation: use the key, call `revoke`, and use it again on
 * every gateway from the moment of the answer.
 *
 * checker.ts judges the result. Pauses only spread the moments; no outcome depends on them.
 */

import { setTimeout as pause } from "node:timers/promises";
import { CLOCK_STEP_MAX_MS } from "../../../src/ledger/lease-book.ts";
import { eventually } from "../../support/time-limits.ts";
import type { Situation } from "./history.ts";
import { allEnded, bodyStarted, forwarded, startOnEveryGateway, streams } from "./in-flight-requests.ts";
import type { CampaignContext, KeyClient } from "./key-client.ts";
import { answering, flooding, holding, receiving } from "./origin-script.ts";
import {
  ACCOUNT_REVOKED,
  REVOKED,
  REVOKED_BY_HOLDER,
  type Revocation,
  ROTATED,
  revoke,
  revokeAndDisconnect,
  revokeTwice,
} from "./revoke-call.ts";

export interface SituationRun {
  readonly context: CampaignContext;
  readonly client: KeyClient;
  readonly situation: Situation;
  /** 0 to 1, different for each revocation: spreads the events over a lease. */
  readonly spread: number;
}

type Runner = (run: SituationRun) => Promise<void>;

const UPLOAD_PIECE_MS = 15;
const HELD_MAX_MS = 3000;
/** Long enough for the call to reach the ledger. */
const DISCONNECT_MIN_MS = 50;
/** How long after `t` the gateway stays partitioned. */
const PARTITION_AFTER_ANSWER_MS = 500;

const RUNNERS: Readonly<Record<Situation, Runner>> = {
  busy: (run) => busy(run),
  idle,
  "just created": justCreated,
  "waiting on the origin": waiting,
  uploading,
  "streaming chunked": (run) => streamed(run, true),
  "streaming with a length": (run) => streamed(run, false),
  "unread stream": unread,
  "revoked twice at once": twice,
  "revoke caller disconnects": callerDisconnects,
  "revoked by its holder": (run) => busy(run, REVOKED_BY_HOLDER),
  "rotated without overlap": (run) => busy(run, ROTATED),
  "whole account revoked": (run) => busy(run, ACCOUNT_REVOKED),
  "gateway partitioned": partitioned,
  "ledger restarted": restarted,
};

/** Situations that affect all keys of an account, or its ledger, need an account of their own. */
export const ALONE_IN_ACCOUNT: readonly Situation[] = [
  "whole account revoked",
  "gateway partitioned",
  "ledger restarted",
];

export async function runSituation(run: SituationRun): Promise<void> {
  await run.client.openConnections();
  await RUNNERS[run.situation](run);
  await run.client.close();
}

async function busy(run: SituationRun, way = REVOKED): Promise<void> {
  await underLoad(run);
  await revokeAndProbe(run, { call: (revocation) => revoke(revocation, way) });
}

async function idle(run: SituationRun): Promise<void> {
  await run.client.useEverywhere();
  // Twice, because a renewal started by the last request may reach the ledger after that request's response.
  await pause(2 * (run.context.leaseMs + run.context.marginMs) + CLOCK_STEP_MAX_MS);
  await revokeAndProbe(run);
}

/** Revoked as soon as one gateway has accepted it, while the others request their first lease. */
async function justCreated(run: SituationRun): Promise<void> {
  const { client } = run;
  const openRequests = await Promise.all(
    client.gateways.map((gateway) => client.start("load", gateway, answering(40))),
  );
  await Promise.race(openRequests.map((openRequest) => openRequest.seen));
  await revokeAndProbe(run);
}

/** The origin holds a request on every gateway: most indefinitely, one until `t`, one until about then. */
async function waiting(run: SituationRun): Promise<void> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const openRequests = await startOnEveryGateway(client, (gateway) => client.start("held", gateway, holding));
  await Promise.all(openRequests.map(forwarded));
  await pause(spread * HELD_MAX_MS);
  const [, , releasedAtAnswer, releasedAbout] = openRequests;
  setTimeout(() => releasedAbout?.origin.release(), spread * (context.leaseMs + context.marginMs));
  await revokeAndProbe(run, { atAnswer: () => releasedAtAnswer?.origin.release() });
  await allEnded(openRequests, context.graceMs);
}

/** Uploads continue until `t` and then end properly. */
async function uploading(run: SituationRun): Promise<void> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const answered = new AbortController();
  const openRequests = await startOnEveryGateway(client, (gateway) =>
    client.start("upload", gateway, receiving, pieces(answered.signal)),
  );
  await Promise.all(openRequests.map(forwarded));
  await pause(spread * context.leaseMs);
  await revokeAndProbe(run, { atAnswer: () => answered.abort() });
  await allEnded(openRequests, context.graceMs);
}

async function streamed(run: SituationRun, chunked: boolean): Promise<void> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const openRequests = await streams(client, chunked);
  await pause(spread * context.leaseMs);
  await revokeAndProbe(run);
  await allEnded(openRequests, context.graceMs);
}

/** From `t` the client reads what was sent to it, and must not find a proper end. */
async function unread(run: SituationRun): Promise<void> {
  const { client, spread, context } = run;
  await client.useEverywhere();
  const openRequests = await startOnEveryGateway(client, (gateway) =>
    client.start("unread stream", gateway, flooding),
  );
  await Promise.all(
    openRequests.map(async (openRequest) => {
      await bodyStarted(openRequest);
      openRequest.connection.pause();
    }),
  );
  await pause(spread * context.leaseMs);
  const resumeReading = () => {
    for (const openRequest of openRequests) {
      openRequest.origin.recordOfferedBytes();
      openRequest.connection.resume();
    }
  };
  await revokeAndProbe(run, { atAnswer: resumeReading });
  await allEnded(openRequests, context.graceMs);
}

async function twice(run: SituationRun): Promise<void> {
  await underLoad(run);
  await revokeAndProbe(run, { call: revokeTwice });
}

async function callerDisconnects(run: SituationRun): Promise<void> {
  const { client, spread, context } = run;
  await underLoad(run);
  const disconnectMs = DISCONNECT_MIN_MS + (spread * context.leaseMs) / 4;
  const refusedEverywhere = async () => {
    await eventually(
      "the key to be refused everywhere",
      () => client.refusedOn.size === client.gateways.length,
    );
  };
  await revokeAndProbe(run, {
    call: (revocation) => revokeAndDisconnect(revocation, disconnectMs, refusedEverywhere),
  });
}

/** One gateway cannot reach the ledger; a request held there is answered at `t`. */
async function partitioned(run: SituationRun): Promise<void> {
  const { client, spread, context } = run;
  const { network } = context.cluster;
  await client.useEverywhere();
  const held = await startOnEveryGateway(client, (gateway) => client.start("held", gateway, holding));
  const openStreams = await streams(client, true);
  await Promise.all(held.map(forwarded));
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
  await revokeAndProbe(run, { atAnswer: release });
  await allEnded([...held, ...openStreams], context.graceMs);
}

async function restarted(run: SituationRun): Promise<void> {
  const { client, spread, context } = run;
  await underLoad(run);
  const openRequests = await streams(client, true);
  const restart = async () => {
    await pause(spread * context.leaseMs);
    await context.cluster.network.restartLedger(client.key.account);
  };
  await Promise.all([revokeAndProbe(run), restart()]);
  await allEnded(openRequests, context.graceMs);
}

interface Revoking {
  /** Runs at `t`. */
  readonly atAnswer?: () => void;
  readonly call?: (revocation: Revocation) => Promise<void>;
}

/** Revokes the key, and uses it on every gateway from the moment of the answer. */
async function revokeAndProbe(run: SituationRun, { atAnswer, call = revoke }: Revoking = {}): Promise<void> {
  const { client } = run;
  client.increaseLoad();
  let probes: Promise<void> | undefined;
  await call({
    ...run,
    atAnswer: () => {
      atAnswer?.();
      probes = client.probeEverywhere();
      // The error surfaces when `probes` is awaited.
      probes.catch(() => {});
    },
  });
  await probes;
  await client.stopLoad();
}

/** Uses the key on all gateways until each has accepted it, and a while longer. */
async function underLoad({ client, spread, context }: SituationRun): Promise<void> {
  await client.useEverywhere();
  client.startLoad();
  await pause(spread * context.leaseMs);
}

async function* pieces(stop: AbortSignal): AsyncGenerator<Buffer> {
  while (!stop.aborted) {
    yield Buffer.alloc(512, "octopost ");
    await pause(UPLOAD_PIECE_MS);
  }
}
