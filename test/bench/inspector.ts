/** The heap size of one isolate of workerd, through its inspector. */

interface Usage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

const LIMIT_MS = 30_000;

/**
 * Bytes in use after a full garbage collection. `service`: the isolate's name in the configuration; `nudge` sends it a
 * request, because workerd collects garbage only while it handles one.
 */
export async function heapBytesOf(
  inspectorPort: number,
  service: string,
  nudge: () => Promise<unknown>,
): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${inspectorPort}/${service}`);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")), {
      once: true,
    });
  });
  try {
    const collected = ask(socket, 1, "HeapProfiler.collectGarbage");
    await nudge();
    await collected;
    const usage = (await ask(socket, 2, "Runtime.getHeapUsage")) as Usage;
    return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
  } finally {
    socket.close();
  }
}

function ask(socket: WebSocket, id: number, method: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const tooLong = setTimeout(() => reject(new Error(`${method}: no answer`)), LIMIT_MS);
  socket.addEventListener("message", ({ data }: MessageEvent) => {
    const reply = JSON.parse(String(data));
    if (reply.id !== id) return;
    clearTimeout(tooLong);
    if (reply.error) reject(new Error(`${method}: ${reply.error.message}`));
    else resolve(reply.result);
  });
  socket.send(JSON.stringify({ id, method }));
  return promise;
}
