/** Measures the cost of many idle open requests: waiting on the origin, or long streams. */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { residentMb } from "../proofs/soak/process-stats.ts";
import type { Bench } from "./bench.ts";
import { cpuMsOf } from "./cpu.ts";
import type { OpenRequests } from "./figures.ts";
import { short } from "./rounds.ts";
import { get } from "./scenarios.ts";
import type { Server } from "./workerd.ts";
import { createKeys, startGateway, startPlain } from "./workers.ts";

const OPENED_AT_ONCE = 100;
const OPEN_LIMIT_MS = 90_000;
const POLL_MS = 20;
/** Longer than the measurement, so that requests that wait on the origin keep waiting. */
const ORIGIN_TIMEOUT_MS = 300_000;
const WARM_UP_MS = 2000;
const SETTLE_MS = 1000;
const WATCH_MS = 4000;

const STREAM_COUNT = 1000;
const IN_FLIGHT_COUNTS = [1, 100, 1000, 4000, 5000] as const;
/** CPU of workerd per open request. */
const OPEN_FILES_EACH = 4;
const OPEN_FILES_BESIDES = 500;

/** Streams whose headers and first bytes have arrived, and nothing more. */
export async function measureOpenStreams(bench: Bench): Promise<Record<string, OpenRequests>> {
  const both = await ofBoth(bench, "/v1/posts/stream", [STREAM_COUNT]);
  return Object.fromEntries(Object.entries(both).map(([name, [one]]) => [name, one as OpenRequests]));
}

/** The machine's limit of open files per process. */
export function measureInFlight(bench: Bench): Promise<Record<string, readonly OpenRequests[]>> {
  const openFilesMax = Number(
    /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1],
  );
  const most = (openFilesMax - OPEN_FILES_BESIDES) / OPEN_FILES_EACH;
  return ofBoth(
    bench,
    "/v1/posts/wait",
    IN_FLIGHT_COUNTS.filter((count) => count <= most),
  );
}

/** Of bare and the gateway, each in a new process. */
async function ofBoth(
  bench: Bench,
  path: string,
  counts: readonly number[],
): Promise<Record<string, OpenRequests[]>> {
  const gateway = await startGateway(bench, { vars: { ORIGIN_TIMEOUT_MS } });
  const [key] = await createKeys(gateway.control, 1);
  const servers = { bare: await startPlain("bare.js", bench.originUrl), gateway };
  try {
    const measured: Record<string, OpenRequests[]> = {};
    for (const [name, server] of Object.entries(servers)) {
      measured[name] = await measureCounts(bench, server, get(key?.secret ?? "", path), counts);
    }
    return measured;
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.close()));
  }
}

async function measureCounts(
  bench: Bench,
  { port, pid }: Server,
  request: string,
  counts: readonly number[],
): Promise<OpenRequests[]> {
  const warm = { ports: [port], connections: 16, expectedStatus: 200, durationMs: WARM_UP_MS };
  await bench.put({ ...warm, requests: [request.replace(/posts\/\w+/, "posts")] });
  const memoryBefore = residentMb(pid) ?? Number.NaN;
  const measured: OpenRequests[] = [];
  for (const count of counts) {
    const sockets = await open(bench, port, request, count);
    await sleep(SETTLE_MS);
    const cpuBefore = cpuMsOf(pid);
    await sleep(WATCH_MS);
    const cpuMsPerSecond = short(((cpuMsOf(pid) - cpuBefore) * 1000) / WATCH_MS);
    measured.push({ count, grownMb: short((residentMb(pid) ?? Number.NaN) - memoryBefore), cpuMsPerSecond });
    // Like a client that disconnects, which ends the request at the origin too.
    for (const socket of sockets) socket.resetAndDestroy();
    await untilNoneHeld(bench);
  }
  return measured;
}

/** Waits until the origin holds `count` requests; requests that a busy machine refused are repeated. */
async function open(bench: Bench, port: number, request: string, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const until = performance.now() + OPEN_LIMIT_MS;
  for (;;) {
    const alive = sockets.filter((socket) => !socket.closed).length;
    const some = Math.min(OPENED_AT_ONCE, count - alive);
    if (some > 0) {
      sockets.push(...(await Promise.all(Array.from({ length: some }, () => openOne(port, request)))));
    } else {
      const held = await bench.heldAtOrigin();
      if (held === count) return sockets;
      if (performance.now() > until) throw new Error(`the origin holds ${held} requests, not ${count}`);
      await sleep(POLL_MS);
    }
  }
}

function openOne(port: number, request: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => socket.destroy());
      socket.once("data", (bytes) => {
        // A refused request is not open.
        if (!bytes.toString("latin1").startsWith("HTTP/1.1 200")) socket.destroy();
      });
      socket.write(request, () => resolve(socket));
    });
  });
}

async function untilNoneHeld(bench: Bench): Promise<void> {
  const until = performance.now() + OPEN_LIMIT_MS;
  while ((await bench.heldAtOrigin()) > 0) {
    if (performance.now() > until)
      throw new Error("the origin still holds requests whose clients have disconnected");
    await sleep(POLL_MS);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
