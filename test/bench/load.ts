/**
 * Generates load on one server over raw sockets and measures each answer's latency. It runs in its own process and costs
 * little CPU: requests are prepared bytes, and only the status and the length of an answer are parsed.
 *
 * Either at full speed (each connection sends the next request when the answer is complete) or at a fixed rate; for a
 * time, or until a number of answers. A broken connection counts as a failure and is replaced. Latency is measured from
 * sending; waiting for a free connection is not included.
 */
import { LoadConnection } from "./load-connection.ts";

export interface Load {
  /** Connections are distributed evenly over them. */
  readonly ports: readonly number[];
  /** Complete requests, sent in turn. */
  readonly requests: readonly string[];
  /** Bytes of a body after each request. */
  readonly bodyBytes?: number;
  readonly connections: number;
  /** Maximum duration. */
  readonly durationMs: number;
  /** Ends after this number of answers. */
  readonly answersMax?: number;
  /** Requests per second; undefined: full speed. */
  readonly rate?: number;
  readonly expectedStatus: number;
}

export interface LoadResult {
  readonly answers: number;
  /** Unexpected statuses and broken connections. */
  readonly failures: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Pause after a broken connection, so that a server that is down is not flooded. */
const RECONNECT_MS = 20;

export function putLoad(load: Load): Promise<LoadResult> {
  const body = Buffer.alloc(load.bodyBytes ?? 0, "0123456789abcdef");
  const requests = load.requests.map((request) => Buffer.concat([Buffer.from(request, "latin1"), body]));
  const { promise, resolve } = Promise.withResolvers<LoadResult>();
  const latencies: number[] = [];
  const idle: LoadConnection[] = [];
  const open = new Set<LoadConnection>();
  let failures = 0;
  let sent = 0;
  let isOver = false;
  const startedAt = performance.now();

  const next = (connection: LoadConnection) => {
    if (load.rate === undefined) connection.send(requests[sent++ % requests.length] as Buffer);
    else idle.push(connection);
  };
  const connect = (port: number) => {
    const connection = new LoadConnection(port, {
      answered: (status, ms) => {
        if (isOver) return;
        if (status === load.expectedStatus) latencies.push(ms);
        else failures += 1;
        if (latencies.length + failures === load.answersMax) end();
        else next(connection);
      },
      broken: (wasAsked) => {
        open.delete(connection);
        if (isOver) return;
        if (wasAsked) failures += 1;
        if (idle.includes(connection)) idle.splice(idle.indexOf(connection), 1);
        setTimeout(() => isOver || connect(port), RECONNECT_MS);
      },
    });
    open.add(connection);
    next(connection);
  };
  const sendWhatIsDue = (rate: number) => {
    const due = ((performance.now() - startedAt) / 1000) * rate;
    while (sent < due) {
      const connection = idle.shift();
      if (connection === undefined) return;
      connection.send(requests[sent++ % requests.length] as Buffer);
    }
  };
  const end = () => {
    if (isOver) return;
    isOver = true;
    const elapsedMs = performance.now() - startedAt;
    clearInterval(pace);
    clearTimeout(limit);
    for (const connection of open) connection.close();
    latencies.sort((a, b) => a - b);
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
    resolve({ answers: latencies.length, failures, elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) });
  };

  for (let index = 0; index < load.connections; index++)
    connect(load.ports[index % load.ports.length] as number);
  const pace = load.rate === undefined ? undefined : setInterval(sendWhatIsDue, 1, load.rate);
  const limit = setTimeout(end, load.durationMs);
  return promise;
}

if (import.meta.main) {
  process.on("message", async (load: Load) => process.send?.(await putLoad(load)));
  process.on("disconnect", () => process.exit());
}
