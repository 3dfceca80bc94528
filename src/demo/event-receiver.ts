/** Receives the key events of the demo's gateway, verifies each and prints a line. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { Log } from "./demo-origin.ts";

const LOOPBACK = "127.0.0.1";

export interface EventReceiver {
  /** The gateway's EVENTS_URL and EVENTS_SECRET. */
  readonly url: string;
  readonly secret: string;
  readonly close: () => Promise<void>;
}

interface Message {
  readonly type: string;
  readonly data: { readonly key_id: string | null; readonly key_name: string | null; readonly actor: string };
}

/** On any free port. */
export async function serveEventReceiver(log: Log): Promise<EventReceiver> {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const webhook = new Webhook(secret);
  const server = createServer(async (request, response) => {
    try {
      const body = Buffer.concat(await request.toArray()).toString();
      const headers = request.headers as Record<string, string>;
      const { type, data } = webhook.verify(body, headers) as Message;
      const key = data.key_id === null ? "the account" : `${data.key_id} “${data.key_name}”`;
      log(`event    ${type.padEnd(15)} ${key}, by ${data.actor}`);
      response.writeHead(204).end();
    } catch {
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${port}/`,
    secret,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
