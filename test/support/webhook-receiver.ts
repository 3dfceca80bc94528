/**
 * A receiver of key events on loopback. It verifies each message with the library of the Standard Webhooks, keeps it, and
 * answers as the test says. A message that does not verify is kept too, as `isVerified: false`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Webhook } from "standardwebhooks";
import { eventually } from "./time-limits.ts";

export interface ReceivedMessage {
  readonly id: string;
  readonly signature: string;
  readonly isVerified: boolean;
  readonly body: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>> & {
    readonly number: number;
    readonly key_id: string | null;
  };
  readonly receivedAt: number;
}

export type Respond = (response: ServerResponse, message: ReceivedMessage) => void | Promise<void>;

const accept: Respond = (response) => void response.writeHead(204).end();

export class WebhookReceiver {
  readonly url: string;
  readonly messages: ReceivedMessage[] = [];
  /** How it answers. */
  respond: Respond = accept;
  readonly #ofAccounts = new Map<unknown, Respond>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(...secrets: readonly string[]): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new WebhookReceiver(server, secrets);
  }

  private constructor(server: Server, secrets: readonly string[]) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const message = received(request, Buffer.concat(chunks).toString(), secrets);
        this.messages.push(message);
        void (this.#ofAccounts.get(message.data.account) ?? this.respond)(response, message);
      });
    });
  }

  acceptAll(): void {
    this.respond = accept;
  }

  /** How it answers messages about that account from now on; without `respond`, it accepts them. */
  respondTo(account: string, respond = accept): void {
    this.#ofAccounts.set(account, respond);
  }

  /** The messages about an account, in the order in which they arrived. */
  of(account: string): ReceivedMessage[] {
    return this.messages.filter(({ data }) => data.account === account);
  }

  /** At least `count` of them. */
  async arrived(account: string, count: number, limitMs?: number): Promise<ReceivedMessage[]> {
    await eventually(`${count} messages of ${account}`, () => this.of(account).length >= count, limitMs);
    return this.of(account);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function received(request: IncomingMessage, body: string, secrets: readonly string[]): ReceivedMessage {
  const headers = request.headers as Record<string, string>;
  const { type, timestamp, data } = JSON.parse(body);
  return {
    id: headers["webhook-id"] ?? "",
    signature: headers["webhook-signature"] ?? "",
    isVerified: secrets.every((secret) => isVerified(secret, body, headers)),
    body,
    type,
    timestamp,
    data,
    receivedAt: performance.now(),
  };
}

function isVerified(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
