/**
 * The same API on Express 5, Fastify, Hono and plain `node:http`, each written as its users write it: with the
 * framework's own JSON, validators, compression, errors and streams wherever it has them.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expressListener } from "./express.ts";
import { fastifyListener } from "./fastify.ts";
import { honoListener } from "./hono.ts";
import { nodeListener } from "./node.ts";

const LISTENERS = {
  "Express 5": expressListener,
  Fastify: fastifyListener,
  Hono: honoListener,
  "plain Node": nodeListener,
} satisfies Record<string, () => RequestListener | Promise<RequestListener>>;

export type Framework = keyof typeof LISTENERS;
export const FRAMEWORKS = Object.keys(LISTENERS) as readonly Framework[];

export interface FrameworkOrigin {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export async function startFrameworkOrigin(framework: Framework): Promise<FrameworkOrigin> {
  const server: Server = createServer(await LISTENERS[framework]());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: "127.0.0.1",
    port,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
