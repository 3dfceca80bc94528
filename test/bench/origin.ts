/**
 * The origin that every contestant stands before: a process of its own that answers over raw sockets, so
 * that it is never the limit. It reads no more of a request than it must to find the end of it.
 *
 * `/v1/posts` answers 1 KiB of JSON; a path that holds `big` 20 MB. Run as a program it prints its port.
 */
import { createServer, type Socket } from "node:net";

export const SMALL_BODY_BYTES = 1024;
export const BIG_BODY_BYTES = 20_000_000;

const SMALL = answer("application/json", Buffer.from(jsonOf(SMALL_BODY_BYTES)));
const BIG = answer("application/octet-stream", Buffer.alloc(BIG_BODY_BYTES, "0123456789abcdef"));
const HEAD_END = Buffer.from("\r\n\r\n");

function jsonOf(bytes: number): string {
  const empty = JSON.stringify({ id: "post_1", text: "" });
  return JSON.stringify({ id: "post_1", text: "x".repeat(bytes - empty.length) });
}

function answer(contentType: string, body: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Answers each request on the connection once its last byte is here. */
function serve(socket: Socket): void {
  let head: Buffer = Buffer.alloc(0);
  let bodyBytesLeft = 0;
  let isBig = false;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
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
        isBig = text.startsWith("GET") && text.slice(0, text.indexOf("\r")).includes("big");
        bodyBytesLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
      }
      if (bodyBytesLeft === 0) socket.write(isBig ? BIG : SMALL);
    }
  });
}

if (import.meta.main) {
  const server = createServer(serve);
  server.listen(0, "127.0.0.1", () => {
    process.send?.({ port: (server.address() as { port: number }).port });
  });
  process.on("disconnect", () => process.exit());
}
