import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findBusyPort } from "../../src/demo/ports.ts";

let server: Server;
beforeEach(() => {
  server = createServer();
});
afterEach(() => {
  server.close();
});

async function listen(address?: string): Promise<number> {
  await once(server.listen(0, address), "listening");
  return (server.address() as AddressInfo).port;
}

test.each(["127.0.0.1", undefined])("names the port that is taken on %s", async (address) => {
  const port = await listen(address);
  expect(await findBusyPort({ live: port })).toEqual({ name: "live", port });
});

test("a port nobody listens on any more can be had", async () => {
  const port = await listen("127.0.0.1");
  server.close();
  await once(server, "close");
  expect(await findBusyPort({ live: port })).toBeUndefined();
});
