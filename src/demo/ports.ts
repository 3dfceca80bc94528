/**
 * Checks whether ports of this machine are free, before anything is started.
 *
 * Guarantees that a port counts as busy when a server answers on it or listening fails. A free port may be taken a
 * moment later: the server that listens on it must handle that.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";

// A server on ::1 alone would receive requests for localhost, like one on 127.0.0.1.
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];
const PORT_MAX = 65_535;
/** Below it, most systems require administrator rights. */
const UNPRIVILEGED_PORT_MIN = 1024;

export async function findBusyPorts<Name extends string>(
  ports: Readonly<Record<Name, number>>,
): Promise<Name[]> {
  const names = Object.keys(ports) as Name[];
  const free = await Promise.all(names.map((name) => isFree(ports[name])));
  return names.filter((_, i) => !free[i]);
}

/** The same ports with the busy ones replaced by the next free ports, all different. */
export async function replaceBusyPorts<Name extends string>(
  ports: Readonly<Record<Name, number>>,
  busy: readonly NoInfer<Name>[],
): Promise<Record<Name, number>> {
  const replaced: Record<Name, number> = { ...ports };
  for (const name of busy) {
    const used = new Set<number>(Object.values(replaced));
    replaced[name] = await nextFreePort(ports[name], used);
  }
  return replaced;
}

async function nextFreePort(after: number, used: ReadonlySet<number>): Promise<number> {
  let port = after;
  do {
    port = port >= PORT_MAX || port < UNPRIVILEGED_PORT_MIN ? UNPRIVILEGED_PORT_MIN : port + 1;
  } while (used.has(port) || !(await isFree(port)));
  return port;
}

async function isFree(port: number): Promise<boolean> {
  for (const address of LOOPBACK_ADDRESSES) {
    // Listening is not enough: macOS lets a second server listen on 127.0.0.1 while the first one listens on all
    // addresses.
    if ((await answers(port, address)) || !(await canListen(port, address))) return false;
  }
  return true;
}

async function answers(port: number, address: string): Promise<boolean> {
  const socket = connect(port, address);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function canListen(port: number, address: string): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, address), "listening");
    return true;
  } catch (error) {
    // A machine without IPv6 has no ::1.
    const { code } = error as NodeJS.ErrnoException;
    return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
  } finally {
    server.close();
  }
}
