/** One connection of the load generator: sends one request at a time and reports when its answer is complete. */
import { connect, type Socket } from "node:net";

export interface ConnectionEvents {
  readonly answered: (status: number, ms: number) => void;
  /** `wasAsked`: a request was in flight. */
  readonly broken: (wasAsked: boolean) => void;
}

const HEAD_END = "\r\n\r\n";
/** Has no body (RFC 9110 §15.4.5). */
const NOT_MODIFIED = 304;
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

export class LoadConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #isAsked = false;
  #sentAt = 0;
  #status = 0;
  #bytesLeft = 0;
  #isChunked = false;
  #tail: Buffer = Buffer.alloc(0);

  constructor(port: number, events: ConnectionEvents) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#events = events;
    this.#socket.on("data", (bytes) => this.#read(bytes));
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("close", () => events.broken(this.#isAsked));
  }

  send(request: Buffer): void {
    this.#isAsked = true;
    this.#sentAt = performance.now();
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
      this.#isChunked = length === undefined && this.#status !== NOT_MODIFIED;
      const body = all.subarray(end + HEAD_END.length);
      this.#bytesLeft = Number(length ?? 0) - body.length;
      this.#tail = Buffer.from(body.subarray(-LAST_CHUNK.length));
    } else {
      this.#bytesLeft -= bytes.length;
      if (this.#isChunked) this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-LAST_CHUNK.length);
    }
    if (this.#isChunked ? this.#tail.equals(LAST_CHUNK) : this.#bytesLeft <= 0) this.#finish();
  }

  #finish(): void {
    const status = this.#status;
    this.#status = 0;
    this.#isAsked = false;
    this.#tail = Buffer.alloc(0);
    this.#events.answered(status, performance.now() - this.#sentAt);
  }
}
