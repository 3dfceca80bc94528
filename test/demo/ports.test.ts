import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findBusyPorts, replaceBusyPorts } from "../../src/demo/ports.ts";

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

test.each(["127.0.0.1", undefined])("names the port that a server uses on %s", async (address) => {
  const port = await listen(address);
  expect(await findBusyPorts({ live: port })).toEqual(["live"]);
});

test("a port is free once its server has closed", async () => {
  const port = await listen("127.0.0.1");
  server.close();
  await once(server, "close");
  expect(await findBusyPorts({ live: port })).toEqual([]);
});

test("replaces busy ports by free ones, different from each other and from the rest", async () => {
  const port = await listen();
  const free = await replaceBusyPorts({ live: port, sandbox: port, gateway: port + 1 }, ["live", "sandbox"]);
  expect(free.gateway).toBe(port + 1);
  expect(new Set([port, ...Object.values(free)]).size).toBe(4);
  expect(await findBusyPorts({ live: free.live, sandbox: free.sandbox })).toEqual([]);
});

test("finds a free port after the last one, and no privileged one", async () => {
  for (const port of [65_535, 80]) {
    const { live } = await replaceBusyPorts({ live: port }, ["live"]);
    expect(live).toBeGreaterThanOrEqual(1024);
    expect(live).toBeLessThanOrEqual(65_535);
    expect(live).not.toBe(port);
  }
});
