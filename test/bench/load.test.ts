// Checks that the load generator counts answers, and continues after a broken connection.

import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { putLoad } from "./load.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const LIMIT_MS = 30_000;

let server: Server;
const open = new Set<Socket>();

afterEach(() => {
  for (const socket of open) socket.destroy();
  server.close();
});

/** Port of a server that handles the nth request with this function. */
function serving(respond: (socket: Socket, number: number) => void): Promise<number> {
  let number = 0;
  server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", () => respond(socket, ++number));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

const load = { requests: [GET], connections: 1, durationMs: LIMIT_MS, expectedStatus: 200 };

test("ends after the given number of answers", async () => {
  const ports = [await serving((socket) => socket.write(ANSWER))];
  expect(await putLoad({ ...load, ports, answersMax: 5 })).toMatchObject({ answers: 5, failures: 0 });
});

test("counts a broken connection as a failure, and opens another", async () => {
  const ports = [await serving((socket, number) => (number === 2 ? socket.destroy() : socket.write(ANSWER)))];
  expect(await putLoad({ ...load, ports, answersMax: 5 })).toMatchObject({ answers: 4, failures: 1 });
});

test("counts an unexpected status as a failure, and continues", async () => {
  const ports = [
    await serving((socket, number) => socket.write(number === 1 ? ANSWER.replace("200", "503") : ANSWER)),
  ];
  expect(await putLoad({ ...load, ports, answersMax: 3 })).toMatchObject({ answers: 2, failures: 1 });
});

test("reads a chunked answer to its end, wherever it is split", async () => {
  const pieces = ["HTTP/1.1 200 OK\r\nTransfer-", "Encoding: chunked\r\n\r\n2\r\nok\r\n0\r", "\n\r\n"];
  const ports = [
    await serving(async (socket) => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }),
  ];
  expect(await putLoad({ ...load, ports, answersMax: 2 })).toMatchObject({ answers: 2, failures: 0 });
});

test("takes 304 for complete with its headers", async () => {
  const ports = [await serving((socket) => socket.write('HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'))];
  const result = await putLoad({ ...load, ports, expectedStatus: 304, answersMax: 3 });
  expect(result).toMatchObject({ answers: 3, failures: 0 });
});
