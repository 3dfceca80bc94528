/**
 * Measures the memory that large bodies need: `npx node test/journeys/memory.ts` prints a table.
 *
 * 200 MB pass through one gateway, up and down, with a length and chunked, as fast as possible. The table shows how far
 * the memory of workerd (VmRSS, all gateways and the ledger in one process) rises, sampled every few milliseconds. It is
 * a measurement without assertions.
 */

import { readFileSync } from "node:fs";
import { buildWorker } from "../support/build-worker.ts";
import { startCluster } from "../support/gateway-cluster.ts";
import { large } from "../support/origin-behaviours.ts";
import { type Header, type RawRequest, type RawResponse, rawRequest } from "../support/raw-http.ts";

const BODY_BYTES = 200 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, "octopost ");
const SAMPLE_EVERY_MS = 5;
const LIMIT_MS = 120_000;

const { bundle, remove } = await buildWorker();
const cluster = await startCluster({ bundle });
const key = await cluster.createKey();
const authorization: Header = ["Authorization", `Bearer ${key.secret}`];

async function* body(): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < BODY_BYTES; sent += PIECE.length) yield PIECE;
}

function send(request: Partial<RawRequest>, headers: readonly Header[] = []): Promise<RawResponse> {
  const whole = { method: "GET", target: "/v1/posts", ...request, headers: [authorization, ...headers] };
  return rawRequest(cluster.gateway(0), whole, { keepBody: false, timeoutMs: LIMIT_MS });
}

function residentKilobytes(): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${cluster.pid}/status`, "utf8")) ?? [];
  return Number(kilobytes);
}

interface Row {
  readonly body: string;
  readonly "before, MB": string;
  readonly "peak growth, MB": string;
  readonly seconds: string;
}

async function measured(
  name: string,
  transfer: () => Promise<RawResponse>,
  bytes: () => number,
): Promise<Row> {
  const before = residentKilobytes();
  let peak = before;
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentKilobytes());
  }, SAMPLE_EVERY_MS);
  const startedAt = performance.now();
  const response = await transfer();
  clearInterval(sampling);
  if (response.status !== 200 || response.ended !== "complete" || bytes() !== BODY_BYTES) {
    throw new Error(`${name}: ${response.status}, ${response.ended}, ${bytes()} bytes`);
  }
  return {
    body: name,
    "before, MB": megabytes(before),
    "peak growth, MB": megabytes(peak - before),
    seconds: ((performance.now() - startedAt) / 1000).toFixed(1),
  };
}

function megabytes(kilobytes: number): string {
  return (kilobytes / 1024).toFixed(1);
}

const uploaded = () => cluster.live.requests.at(-1)?.bodyLength ?? 0;
let downloaded = 0;
const download = (contentLength: boolean) => async () => {
  cluster.live.respond = large(BODY_BYTES, { contentLength });
  const response = await send({});
  downloaded = response.bodyLength;
  return response;
};

try {
  // Warm-up before the first measurement.
  for (let i = 0; i < 200; i++) await send({});
  const rows = [
    await measured(
      "upload with its length",
      () => send({ method: "POST", body: body() }, [["Content-Length", String(BODY_BYTES)]]),
      uploaded,
    ),
    await measured("upload in chunks", () => send({ method: "POST", body: body() }), uploaded),
    await measured("download with its length", download(true), () => downloaded),
    await measured("download in chunks", download(false), () => downloaded),
  ];
  console.log(`${BODY_BYTES / 1024 / 1024} MB each, memory of workerd:`);
  console.table(Object.fromEntries(rows.map(({ body: name, ...figures }) => [name, figures])));
} finally {
  await cluster.close();
  await remove();
}
