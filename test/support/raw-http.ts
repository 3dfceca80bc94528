/**
 * An HTTP/1.1 client that writes exact bytes to a socket and reports exactly what came back.
 *
 * Guarantees: bytes are sent as given (latin1, not normalised), nothing is followed, retried or decoded, and every
 * exchange ends: after 30 s by default its connection is destroyed. Not supported: TLS, HTTP/2. It does not check that
 * a request makes sense.
 */

import net from "node:net";
import { Exchange, type ExchangeOptions, type RawResponse } from "./raw-exchange.ts";
import {
  type Address,
  type Bytes,
  encodeRequest,
  isBytes,
  type RawRequest,
  toBuffer,
} from "./raw-request.ts";
import { DEFAULT_LIMIT_MS, within } from "./time-limits.ts";

export type { Exchange, ExchangeOptions, RawResponse } from "./raw-exchange.ts";
export { type Address, type Bytes, encodeRequest, type RawRequest } from "./raw-request.ts";
export type { Arrival, Header, ResponseHead } from "./response-framing.ts";

/** Sends exact bytes on a connection of their own and reads one response. */
export async function sendRaw(
  address: Address,
  bytes: Bytes | AsyncIterable<Bytes>,
  options: ExchangeOptions & { method?: string } = {},
): Promise<RawResponse> {
  const connection = await RawConnection.open(address, options.timeoutMs);
  try {
    const method = options.method ?? (isBytes(bytes) ? firstWord(bytes) : "GET");
    return await connection.sendBytes(bytes, method, options).response();
  } finally {
    connection.close();
  }
}

/** Sends one request, built from its parts, on a connection of its own. */
export function rawRequest(
  address: Address,
  request: RawRequest,
  options: ExchangeOptions = {},
): Promise<RawResponse> {
  return sendRaw(address, encodeRequest(request, address), { ...options, method: request.method });
}

/** A connection under the test's control: requests may be sequential, pipelined or incomplete. */
export class RawConnection {
  readonly address: Address;
  /** Resolves when the connection has closed; `byFin` is false after a reset. */
  readonly closed: Promise<{ byFin: boolean; at: number }>;
  readonly #socket: net.Socket;
  readonly #awaiting: Exchange[] = [];
  #over = false;
  #early: Buffer = Buffer.alloc(0);

  static async open(address: Address, timeoutMs = DEFAULT_LIMIT_MS): Promise<RawConnection> {
    const socket = net.connect({ host: address.host, port: address.port, noDelay: true });
    const connected = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    try {
      await within(timeoutMs, `connecting to ${address.host}:${address.port}`, connected);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new RawConnection(address, socket);
  }

  private constructor(address: Address, socket: net.Socket) {
    this.address = address;
    this.#socket = socket;
    let byFin = false;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("end", () => {
      byFin = true;
    });
    // A reset is a result, reported through `closed` and each response's `ended`.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#over = true;
        for (const exchange of this.#awaiting.splice(0)) exchange.end(byFin);
        resolve({ byFin, at: performance.now() });
      });
    });
  }

  /** Whether both sides can still send. */
  get open(): boolean {
    return !this.#over && this.#socket.writable && this.#socket.readable;
  }

  /** Bytes received while no exchange was waiting. */
  get early(): Buffer {
    return this.#early;
  }

  /** Writes bytes unchanged. Resolves true once the kernel has them, false when the connection has closed. */
  write(bytes: Bytes): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#socket.writable) this.#socket.write(toBuffer(bytes), (error) => resolve(!error));
      else resolve(false);
    });
  }

  /** Registers an exchange: the next response answers a request of that method. */
  expect(method: string, options: ExchangeOptions = {}): Exchange {
    const exchange = new Exchange(method, options, () => this.destroy());
    if (this.#over) {
      exchange.end(false);
      return exchange;
    }
    this.#awaiting.push(exchange);
    const early = this.#early;
    this.#early = Buffer.alloc(0);
    this.#take(early);
    return exchange;
  }

  /** Sends a request and returns at once; a body that is an iterable continues to be sent. */
  send(request: RawRequest, options: ExchangeOptions = {}): Exchange {
    return this.sendBytes(encodeRequest(request, this.address), request.method, options);
  }

  sendBytes(bytes: Bytes | AsyncIterable<Bytes>, method: string, options: ExchangeOptions = {}): Exchange {
    const exchange = this.expect(method, options);
    this.#writeAll(bytes).catch((error) => {
      exchange.fail(error);
      this.destroy();
    });
    return exchange;
  }

  request(request: RawRequest, options: ExchangeOptions = {}): Promise<RawResponse> {
    return this.send(request, options).response();
  }

  /** Stops reading, like a slow client. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes the sending half (FIN). */
  end(): void {
    this.#socket.end();
  }

  /** Closes the connection. */
  close(): void {
    this.#socket.destroy();
  }

  /** Closes the connection with a reset (RST), like a client that has disappeared. */
  destroy(): void {
    this.#socket.resetAndDestroy();
  }

  async #writeAll(bytes: Bytes | AsyncIterable<Bytes>): Promise<void> {
    if (isBytes(bytes)) {
      await this.write(bytes);
      return;
    }
    for await (const piece of bytes) if (!(await this.write(piece))) return;
  }

  #take(bytes: Buffer): void {
    const at = performance.now();
    let rest = bytes;
    while (rest.length > 0) {
      const exchange = this.#awaiting[0];
      if (exchange === undefined) {
        this.#early = Buffer.concat([this.#early, rest]);
        return;
      }
      try {
        rest = exchange.push(rest, at);
      } catch (error) {
        exchange.fail(error as Error);
        this.destroy();
        return;
      }
      if (exchange.framing.complete) this.#awaiting.shift();
    }
  }
}

function firstWord(bytes: Bytes): string {
  return toBuffer(bytes).toString("latin1", 0, 64).split(" ", 1)[0] ?? "";
}
