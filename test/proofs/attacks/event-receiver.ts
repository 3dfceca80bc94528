/**
 * The receiver of events in attacks. It answers with exactly the bytes that an attack names, well-formed or not.
 *
 * Guarantees that every complete message is recorded with its headers as sent. An account without answers of its own
 * gets 204.
 */
import net, { type AddressInfo, type Socket } from "node:net";
import { Webhook } from "standardwebhooks";
import type { Header } from "../../support/raw-http.ts";

export interface ReceiverAnswer {
  readonly bytes: string;
  /** Written after `bytes`, again and again. */
  readonly endless?: { readonly bytes: string; readonly everyMs: number };
  readonly closes?: true;
}

export interface EventMessage {
  readonly account: string;
  readonly type: string;
  /** Method and target. */
  readonly line: string;
  readonly headers: readonly Header[];
  readonly body: string;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

/** The path of `EVENTS_URL`, which is often a credential itself. */
export const EVENTS_PATH = "/services/T00/forged-token";

const ACCEPTED: ReceiverAnswer = { bytes: "HTTP/1.1 204 No Content\r\n\r\n" };

export class EventReceiver {
  readonly messages: EventMessage[] = [];
  readonly #server: net.Server;
  readonly #answers = new Map<string, ReceiverAnswer[]>();
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<EventReceiver> {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new EventReceiver(server);
  }

  private constructor(server: net.Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}${EVENTS_PATH}`;
  }

  /** The answers to the messages about an account, in order; the last one repeats. */
  answerWith(account: string, answers: readonly ReceiverAnswer[]): void {
    this.#answers.set(account, [...answers]);
  }

  of(account: string): EventMessage[] {
    return this.messages.filter((message) => message.account === account);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    let received = "";
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
      for (;;) {
        const end = received.indexOf("\r\n\r\n");
        const length = Number(/^content-length: (\d+)$/im.exec(received.slice(0, end))?.[1] ?? 0);
        const next = end + 4 + length;
        if (end < 0 || received.length < next) return;
        const message = messageOf(received.slice(0, end), received.slice(end + 4, next));
        received = received.slice(next);
        this.messages.push(message);
        answer(socket, this.#next(message.account));
      }
    });
  }

  #next(account: string): ReceiverAnswer {
    const answers = this.#answers.get(account) ?? [];
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? ACCEPTED;
  }
}

function messageOf(head: string, latin1: string): EventMessage {
  const [line = "", ...fields] = head.split("\r\n");
  const body = Buffer.from(latin1, "latin1").toString();
  const { type, data } = JSON.parse(body);
  return {
    account: data.account,
    type,
    line: line.replace(/ HTTP\/1\.1$/, ""),
    headers: fields.map((field): Header => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1).trim()];
    }),
    body,
    receivedAt: Date.now(),
  };
}

function answer(socket: Socket, { bytes, endless, closes }: ReceiverAnswer): void {
  socket.write(bytes, "latin1");
  if (closes) socket.end();
  if (endless === undefined) return;
  const timer = setInterval(() => socket.write(endless.bytes, "latin1"), endless.everyMs);
  socket.on("close", () => clearInterval(timer));
}

/** By lower-case name. */
export function headersOf({ headers }: EventMessage): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

/** Whether a receiver that verifies messages believes this one. */
export function isGenuine(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
