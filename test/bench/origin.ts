/**
 * The origin behind every contestant, in its own process. It answers over raw sockets and parses a request only as far as
 * needed to find its end, so that it is never the limit.
 *
 * It answers with 1 KiB of JSON, and with other prepared answers to some paths (origin-answers.ts). `wait` is never
 * answered, `stream` starts a body and sends nothing more. Run as a program it sends its port, and on any message the number
 * of open requests.
 */
import { createServer, type Socket } from "node:net";
import { ANSWERS, SMALL_ANSWER } from "./origin-answers.ts";

const STREAM = Buffer.from(
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: \n\r\n",
);
const PATH_NAME = /^\S+ \/v1\/posts\/(\w+) /;
const HEAD_END = Buffer.from("\r\n\r\n");

/** Sockets of requests without an end. */
const held = new Set<Socket>();

/** Answers each request on the connection once its last byte has arrived. */
function serve(socket: Socket): void {
  let head: Buffer = Buffer.alloc(0);
  let requestLine = "";
  let bodyBytesLeft = 0;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => held.delete(socket));
  socket.on("data", (arrived) => {
    let rest: Buffer = arrived;
    while (rest.length > 0) {
      if (bodyBytesLeft > 0) {
        const taken = Math.min(bodyBytesLeft, rest.length);
        bodyBytesLeft -= taken;
        rest = rest.subarray(taken);
      } else {
        head = head.length === 0 ? rest : Buffer.concat([head, rest]);
        const end = head.indexOf(HEAD_END);
        if (end === -1) return;
        const text = head.toString("latin1", 0, end);
        rest = head.subarray(end + HEAD_END.length);
        head = Buffer.alloc(0);
        requestLine = text.slice(0, text.indexOf("\r"));
        bodyBytesLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
      }
      if (bodyBytesLeft === 0) respond(socket, requestLine);
    }
  });
}

function respond(socket: Socket, requestLine: string): void {
  const isHeld = requestLine.includes("wait") || requestLine.includes("stream");
  if (isHeld) held.add(socket);
  if (requestLine.includes("wait")) return;
  if (requestLine.includes("stream")) socket.write(STREAM);
  else socket.write(ANSWERS[PATH_NAME.exec(requestLine)?.[1] ?? ""] ?? SMALL_ANSWER);
}

if (import.meta.main) {
  const server = createServer(serve);
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
    process.send?.({ port: (server.address() as { port: number }).port });
  });
  process.on("message", () => process.send?.({ held: held.size }));
  process.on("disconnect", () => process.exit());
}
