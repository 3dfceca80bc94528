/**
 * Puts load on one server over raw sockets and times each answer. A process of its own; requests are
 * prepared bytes, and of an answer only the status and the length are read, so that the load costs little
 * of the machine that it measures.
 *
 * Either as fast as the connections allow (each sends when its answer is in), or at a fixed rate.
 */
import { connect, type Socket } from "node:net";

export interface Load {
  readonly port: number;
  /** Whole requests, sent in turn. */
  readonly requests: readonly string[];
  readonly connections: number;
  readonly durationMs: number;
  /** Requests a second; without it as many as come through. */
  readonly rate?: number;
  readonly expectedStatus: number;
}

export interface LoadResult {
  readonly answers: number;
  /** Any other status, or a connection that broke. */
  readonly failures: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const HEAD_END = "\r\n\r\n";
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

class Connection {
  readonly #socket: Socket;
  readonly #onAnswer: (connection: Connection, status: number, ms: number) => void;
  #sentAt = 0;
  #status = 0;
  #bytesLeft = 0;
  #isChunked = false;
  #tail: Buffer = Buffer.alloc(0);

  constructor(port: number, onAnswer: (connection: Connection, status: number, ms: number) => void) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#onAnswer = onAnswer;
    this.#socket.on("data", (bytes) => this.#read(bytes));
    this.#socket.on("error", () => this.#finish(0));
  }

  send(request: Buffer): void {
    this.#sentAt = performance.now();
    this.#status = 0;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.removeAllListeners("data");
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#status === 0) {
      const all = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes]);
      const end = all.indexOf(HEAD_END);
      if (end === -1) {
        this.#tail = all;
        return;
      }
      const head = all.toString("latin1", 0, end);
      this.#status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      this.#isChunked = length === undefined;
      const body = all.subarray(end + HEAD_END.length);
      this.#bytesLeft = Number(length ?? 0) - body.length;
      this.#tail = Buffer.from(body.subarray(-LAST_CHUNK.length));
    } else {
      this.#bytesLeft -= bytes.length;
      if (this.#isChunked) this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-LAST_CHUNK.length);
    }
    if (this.#isChunked ? this.#tail.equals(LAST_CHUNK) : this.#bytesLeft <= 0) this.#finish(this.#status);
  }

  #finish(status: number): void {
    this.#tail = Buffer.alloc(0);
    this.#onAnswer(this, status, performance.now() - this.#sentAt);
  }
}

export function putLoad(load: Load): Promise<LoadResult> {
  const requests = load.requests.map((request) => Buffer.from(request, "latin1"));
  const latencies: number[] = [];
  let failures = 0;
  let sent = 0;
  let isOver = false;
  const idle: Connection[] = [];
  const sendOn = (connection: Connection) => {
    connection.send(requests[sent++ % requests.length] as Buffer);
  };
  const onAnswer = (connection: Connection, status: number, ms: number) => {
    if (isOver) return;
    if (status === load.expectedStatus) latencies.push(ms);
    else failures += 1;
    if (status === 0) return; // The connection is gone.
    if (load.rate === undefined) sendOn(connection);
    else idle.push(connection);
  };
  const connections = Array.from({ length: load.connections }, () => new Connection(load.port, onAnswer));
  const startedAt = performance.now();
  if (load.rate === undefined) for (const connection of connections) sendOn(connection);
  else idle.push(...connections);

  const { promise, resolve } = Promise.withResolvers<LoadResult>();
  const pace = load.rate === undefined ? undefined : setInterval(sendWhatIsDue, 1, load.rate);
  function sendWhatIsDue(rate: number): void {
    const due = ((performance.now() - startedAt) / 1000) * rate;
    while (sent < due) {
      const connection = idle.shift();
      if (connection === undefined) return;
      sendOn(connection);
    }
  }
  setTimeout(() => {
    isOver = true;
    const elapsedMs = performance.now() - startedAt;
    clearInterval(pace);
    for (const connection of connections) connection.close();
    latencies.sort((a, b) => a - b);
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
    resolve({ answers: latencies.length, failures, elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) });
  }, load.durationMs);
  return promise;
}

if (import.meta.main) {
  process.on("message", async (load: Load) => process.send?.(await putLoad(load)));
  process.on("disconnect", () => process.exit());
}
