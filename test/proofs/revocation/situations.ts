/**
 * What a key may be doing when it is revoked, each played out once per revocation: first use it, then call
 * `revoke`, and try it again on every gateway from the moment of the answer on.
 *
 * Nothing is judged here; checker.ts does that. Pauses only spread the moments, none is relied upon.
 */
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../../support/time-limits.ts";
import type { Situation } from "./history.ts";
import { begun, ended, everywhere, forwarded, streams } from "./in-flight.ts";
import type { KeyClient, Stage } from "./key-client.ts";
import { answering, flooding, holding, receiving } from "./origin-script.ts";
import {
  ACCOUNT_REVOKED,
  REVOKED,
  REVOKED_BY_HOLDER,
  type Revocation,
  ROTATED,
  revoke,
  revokeHangingUp,
  revokeTwice,
} from "./revoke-call.ts";

export interface Scene {
  readonly stage: Stage;
  readonly client: KeyClient;
  readonly situation: Situation;
  /** 0 to 1, another one for each revocation: spreads what happens over the life of a lease. */
  readonly spread: number;
}

type Play = (scene: Scene) => Promise<void>;

const UPLOAD_PIECE_MS = 15;
const HELD_MAX_MS = 3000;
/** Time enough for the call to reach the ledger. */
const HANG_UP_MIN_MS = 50;
/** For how long after `t` a gateway stays cut off. */
const STILL_CUT_OFF_MS = 500;

const PLAYS: Readonly<Record<Situation, Play>> = {
  busy: (scene) => busy(scene),
  idle,
  "just created": justCreated,
  "waiting on the origin": waiting,
  uploading,
  "streaming chunked": (scene) => streamed(scene, true),
  "streaming with a length": (scene) => streamed(scene, false),
  "stream nobody reads": unread,
  "revoked twice at once": twice,
  "revoke caller gone": callerGone,
  "revoked by its holder": (scene) => busy(scene, REVOKED_BY_HOLDER),
  "rotated without overlap": (scene) => busy(scene, ROTATED),
  "whole account revoked": (scene) => busy(scene, ACCOUNT_REVOKED),
  "gateway cut off": cutOff,
  "ledger restarted": restarted,
};

/** These concern all keys of an account, or its ledger, and so each needs an account of its own. */
export const ALONE_IN_ACCOUNT: readonly Situation[] = [
  "whole account revoked",
  "gateway cut off",
  "ledger restarted",
];

export async function play(scene: Scene): Promise<void> {
  await scene.client.openLines();
  await PLAYS[scene.situation](scene);
  await scene.client.close();
}

async function busy(scene: Scene, way = REVOKED): Promise<void> {
  await underLoad(scene);
  await revokeAndProbe(scene, { call: (revocation) => revoke(revocation, way) });
}

async function idle(scene: Scene): Promise<void> {
  await scene.client.useEverywhere();
  // Twice: a renewal that the last request began may reach the ledger after its answer was here.
  await pause(2 * (scene.stage.leaseMs + scene.stage.marginMs));
  await revokeAndProbe(scene);
}

/** Revoked as soon as one gateway has accepted it, while the others ask for their first lease. */
async function justCreated(scene: Scene): Promise<void> {
  const { client } = scene;
  const flights = await Promise.all(
    client.gateways.map((gateway) => client.start("load", gateway, answering(40))),
  );
  await Promise.race(flights.map((flight) => flight.seen));
  await revokeAndProbe(scene);
}

/** The origin holds a request on every gateway: some for good, one until `t`, one until about then. */
async function waiting(scene: Scene): Promise<void> {
  const { client, spread, stage } = scene;
  await client.useEverywhere();
  const flights = await everywhere(client, (gateway) => client.start("held", gateway, holding));
  await Promise.all(flights.map(forwarded));
  await pause(spread * HELD_MAX_MS);
  const [, , releasedAtAnswer, releasedAbout] = flights;
  setTimeout(() => releasedAbout?.origin.release(), spread * (stage.leaseMs + stage.marginMs));
  await revokeAndProbe(scene, { atAnswer: () => releasedAtAnswer?.origin.release() });
  await ended(flights, stage.patienceMs);
}

/** Uploads go on until `t`, when they are brought to a proper end. */
async function uploading(scene: Scene): Promise<void> {
  const { client, spread, stage } = scene;
  await client.useEverywhere();
  const answered = new AbortController();
  const flights = await everywhere(client, (gateway) =>
    client.start("upload", gateway, receiving, pieces(answered.signal)),
  );
  await Promise.all(flights.map(forwarded));
  await pause(spread * stage.leaseMs);
  await revokeAndProbe(scene, { atAnswer: () => answered.abort() });
  await ended(flights, stage.patienceMs);
}

async function streamed(scene: Scene, chunked: boolean): Promise<void> {
  const { client, spread, stage } = scene;
  await client.useEverywhere();
  const flights = await streams(client, chunked);
  await pause(spread * stage.leaseMs);
  await revokeAndProbe(scene);
  await ended(flights, stage.patienceMs);
}

/** From `t` on the client reads what had been sent to it, and must find no proper end. */
async function unread(scene: Scene): Promise<void> {
  const { client, spread, stage } = scene;
  await client.useEverywhere();
  const flights = await everywhere(client, (gateway) => client.start("unread stream", gateway, flooding));
  await Promise.all(
    flights.map(async (flight) => {
      await begun(flight);
      flight.connection.pause();
    }),
  );
  await pause(spread * stage.leaseMs);
  const readOn = () => {
    for (const flight of flights) {
      flight.origin.noteOffered();
      flight.connection.resume();
    }
  };
  await revokeAndProbe(scene, { atAnswer: readOn });
  await ended(flights, stage.patienceMs);
}

async function twice(scene: Scene): Promise<void> {
  await underLoad(scene);
  await revokeAndProbe(scene, { call: revokeTwice });
}

async function callerGone(scene: Scene): Promise<void> {
  const { client, spread, stage } = scene;
  await underLoad(scene);
  const hangUpMs = HANG_UP_MIN_MS + (spread * stage.leaseMs) / 4;
  const deadEverywhere = async () => {
    await eventually("the key to be dead everywhere", () => client.refusedOn.size === client.gateways.length);
  };
  await revokeAndProbe(scene, {
    call: (revocation) => revokeHangingUp(revocation, hangUpMs, deadEverywhere),
  });
}

/** One gateway cannot reach the ledger, which does not know; a request held there is answered at `t`. */
async function cutOff(scene: Scene): Promise<void> {
  const { client, spread, stage } = scene;
  const { distance } = stage.cluster;
  await client.useEverywhere();
  const held = await everywhere(client, (gateway) => client.start("held", gateway, holding));
  const streamsUnderWay = await streams(client, true);
  await Promise.all(held.map(forwarded));
  const gateway = 1 + Math.floor(spread * (client.gateways.length - 1));
  const lift = await distance.fault({
    on: "ledger",
    how: "hang-before",
    caller: gateway,
    operation: "lease",
    name: client.key.account,
  });
  const release = () => {
    for (const flight of held) flight.origin.release();
    setTimeout(lift, STILL_CUT_OFF_MS);
  };
  await revokeAndProbe(scene, { atAnswer: release });
  await ended([...held, ...streamsUnderWay], stage.patienceMs);
}

async function restarted(scene: Scene): Promise<void> {
  const { client, spread, stage } = scene;
  await underLoad(scene);
  const flights = await streams(client, true);
  const restart = async () => {
    await pause(spread * stage.leaseMs);
    await stage.cluster.distance.restartLedger(client.key.account);
  };
  await Promise.all([revokeAndProbe(scene), restart()]);
  await ended(flights, stage.patienceMs);
}

interface Revoking {
  /** Runs at `t`. */
  readonly atAnswer?: () => void;
  readonly call?: (revocation: Revocation) => Promise<void>;
}

/** Revokes the key; from the moment of the answer on it is tried everywhere. */
async function revokeAndProbe(scene: Scene, { atAnswer, call = revoke }: Revoking = {}): Promise<void> {
  const { client } = scene;
  client.hurry();
  let probes: Promise<void> | undefined;
  await call({
    ...scene,
    atAnswer: () => {
      atAnswer?.();
      probes = client.probeEverywhere();
      // Whoever waits for them hears of an error.
      probes.catch(() => {});
    },
  });
  await probes;
  await client.stopLoad();
}

/** Uses the key on all gateways for at least as long as it takes to be accepted by each, and a while longer. */
async function underLoad({ client, spread, stage }: Scene): Promise<void> {
  await client.useEverywhere();
  client.startLoad();
  await pause(spread * stage.leaseMs);
}

async function* pieces(stop: AbortSignal): AsyncGenerator<Buffer> {
  while (!stop.aborted) {
    yield Buffer.alloc(512, "octopost ");
    await pause(UPLOAD_PIECE_MS);
  }
}
