/**
 * What clients of small answers see at the moment their key is revoked: a whole 200, a 401, or a broken answer.
 *
 * A key is in use on two gateways, several requests at a time, while it is revoked. Every answer is classified; a
 * broken one is an empty reply, headers alone, or part of a body. Nothing is judged here: the caller does that.
 */
import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { GATHERING_MAX_MS } from "../../../src/gateway/gather-body.ts";
import type { IssuedKey } from "../../support/control-client.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import { RawConnection, type RawResponse } from "../../support/raw-http.ts";
import type { Respond } from "../../support/recording-origin.ts";
import { eventually, within } from "../../support/time-limits.ts";

export const SHAPES = [
  "JSON with a length",
  "JSON in one chunk",
  "JSON in two chunks, 2 ms apart",
  "JSON with a length in two pieces, 2 ms apart",
  "gzip in chunks",
] as const;

export type Shape = (typeof SHAPES)[number];

export interface Answers {
  revocations: number;
  whole: number;
  refused: number;
  emptyReply: number;
  headersAlone: number;
  partOfBody: number;
  /** Broken after the machine had taken longer to pass the body on than the gateway gathers it. */
  late: number;
  /** Anything else, such as a 503. */
  other: number;
  /** Revocations with at least one broken answer. */
  revocationsWithBroken: number;
}

export interface SmallBodies {
  readonly cluster: GatewayCluster;
  readonly shape: Shape;
  readonly revocations: number;
  /** How many keys at a time. */
  readonly parallel: number;
}

/** Of the cluster. */
export const GATEWAYS = 2;
const CONNECTIONS_PER_GATEWAY = 2;
/** Before it is revoked a key is answered this often, and then used for a part of a lease. */
const ANSWERS_BEFORE = 4;
const USE_SPREAD_MS = 1000;
const LINE_MAX_MS = 30_000;
/** Multiples of the golden ratio, modulo 1, are spread evenly however many there are. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

const JSON_BODY = Buffer.from(
  JSON.stringify({ posts: Array.from({ length: 12 }, (_, id) => ({ id, text: "a post, ".repeat(4) })) }),
);
const GZIP_BODY = gzipSync(JSON_BODY);
const HALF = JSON_BODY.length >> 1;

const ORIGINS: Readonly<Record<Shape, Respond>> = {
  "JSON with a length": (_request, response) => {
    head(response, { "Content-Length": JSON_BODY.length });
    response.end(JSON_BODY);
  },
  "JSON in one chunk": (_request, response) => {
    head(response);
    // `write` first: `end` alone would announce the length.
    response.write(JSON_BODY);
    response.end();
  },
  "JSON in two chunks, 2 ms apart": inTwoPieces({}),
  "JSON with a length in two pieces, 2 ms apart": inTwoPieces({ "Content-Length": JSON_BODY.length }),
  "gzip in chunks": (_request, response) => {
    head(response, { "Content-Encoding": "gzip" });
    response.write(GZIP_BODY);
    response.end();
  },
};

function head(response: ServerResponse, headers: Record<string, string | number> = {}): void {
  response.writeHead(200, { "Content-Type": "application/json", ...headers });
}

function inTwoPieces(headers: Record<string, number>): Respond {
  return async (_request, response) => {
    head(response, headers);
    response.write(JSON_BODY.subarray(0, HALF));
    await pause(2);
    if (!response.destroyed) response.end(JSON_BODY.subarray(HALF));
  };
}

/** Revokes keys in use, some at a time, and counts the answers by kind. */
export async function revokeUnderSmallAnswers(options: SmallBodies): Promise<Answers> {
  const { cluster, shape, revocations, parallel } = options;
  const run: Run = {
    cluster,
    expected: shape.startsWith("gzip") ? GZIP_BODY : JSON_BODY,
    requests: 0,
    forwardedAt: new Map(),
  };
  cluster.live.respond = (request, response, record) => {
    run.forwardedAt.set(record.target, performance.now());
    return ORIGINS[shape](request, response, record);
  };
  const total = noAnswers();
  let next = 0;
  const revokeInTurn = async () => {
    for (let index = next++; index < revocations; index = next++) {
      const useMs = ((index * GOLDEN_RATIO) % 1) * USE_SPREAD_MS;
      add(total, await revokeOne(run, `small-${SHAPES.indexOf(shape)}-${index}`, useMs));
      cluster.live.requests = [];
    }
  };
  const players = Array.from({ length: Math.min(parallel, revocations) }, revokeInTurn);
  // All must have finished before the cluster is closed.
  await Promise.allSettled(players);
  await Promise.all(players);
  return total;
}

interface Run {
  readonly cluster: GatewayCluster;
  readonly expected: Buffer;
  /** Sent so far. */
  requests: number;
  /** By the request's target: when the origin received it. It answers at once. */
  readonly forwardedAt: Map<string, number>;
}

async function revokeOne(run: Run, account: string, useMs: number): Promise<Answers> {
  const { cluster } = run;
  const key = await cluster.createKey({ account });
  const answers = noAnswers();
  const kinds: Kind[] = [];
  const use = (gateway: number) => useUntilRefused(run, gateway, key, kinds);
  const lines = cluster.gateways.flatMap((_, gateway) =>
    Array.from({ length: CONNECTIONS_PER_GATEWAY }, () => use(gateway)),
  );
  const used = Promise.all(lines);
  // An error is thrown where the lines are awaited.
  used.catch(() => {});
  await eventually("answers", () => kinds.length >= ANSWERS_BEFORE);
  await pause(useMs);
  await cluster.revoke(key.account, key.id);
  await within(LINE_MAX_MS, "the end of a revoked key's lines", used);
  for (const kind of kinds) answers[kind] += 1;
  answers.revocations = 1;
  answers.revocationsWithBroken = kinds.some((kind) => BROKEN.includes(kind)) ? 1 : 0;
  return answers;
}

type Kind = Exclude<keyof Answers, "revocations" | "revocationsWithBroken">;
const BROKEN: readonly Kind[] = ["emptyReply", "headersAlone", "partOfBody"];

/** Sends one request after another until one is answered 401, and adds what each gets to `kinds`. */
async function useUntilRefused(run: Run, gateway: number, key: IssuedKey, kinds: Kind[]): Promise<void> {
  const { cluster } = run;
  let connection = await RawConnection.open(cluster.gateway(gateway));
  const headers = [["Authorization", `Bearer ${key.secret}`]] as const;
  for (;;) {
    if (!connection.open) connection = await RawConnection.open(cluster.gateway(gateway));
    const target = `/v1/posts?n=${run.requests++}`;
    const response = await connection.request({ method: "GET", target, headers });
    const kind = kindOf(response, run.expected);
    const takenMs = response.endedAt - (run.forwardedAt.get(target) ?? response.endedAt);
    kinds.push(BROKEN.includes(kind) && takenMs >= GATHERING_MAX_MS ? "late" : kind);
    if (kind === "refused") break;
  }
  connection.close();
}

function kindOf(response: RawResponse, expected: Buffer): Kind {
  if (response.status === 0) return "emptyReply";
  if (response.status === 401 && response.ended === "complete") return "refused";
  if (response.status !== 200) return "other";
  if (response.ended === "complete") return response.body.equals(expected) ? "whole" : "partOfBody";
  return response.bodyLength === 0 ? "headersAlone" : "partOfBody";
}

function noAnswers(): Answers {
  return {
    revocations: 0,
    whole: 0,
    refused: 0,
    emptyReply: 0,
    headersAlone: 0,
    partOfBody: 0,
    late: 0,
    other: 0,
    revocationsWithBroken: 0,
  };
}

function add(total: Answers, more: Answers): void {
  for (const name of Object.keys(total) as (keyof Answers)[]) total[name] += more[name];
}
