import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";

/** Runs `work` with the URL of a server on loopback, and closes the server afterwards. */
export async function withServer(
  answer: http.RequestListener,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Runs `work` with the URL of a server on loopback that must receive no request. */
export async function sendsNothing(work: (url: string) => Promise<void>): Promise<void> {
  const received: unknown[] = [];
  await withServer((request, response) => {
    received.push(request.url);
    response.end();
  }, work);
  expect(received).toEqual([]);
}
