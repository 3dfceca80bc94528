/**
 * Whether a port of this machine can be had, asked before anything is started.
 *
 * Guarantees: "busy" when something answers there or the port may not be listened on. A port that
 * is free now may be taken a moment later; whoever listens has to be ready for that.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";

// A server on ::1 alone would take requests meant for localhost just as well as one on 127.0.0.1.
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/** The first of these ports that cannot be had; undefined: all can. */
export async function findBusyPort<Name extends string>(
  ports: Record<Name, number>,
): Promise<{ name: Name; port: number } | undefined> {
  for (const [name, port] of Object.entries(ports) as [Name, number][]) {
    for (const address of LOOPBACK_ADDRESSES) {
      // Listening alone does not tell everywhere: macOS lets a second server have 127.0.0.1 while
      // the first holds all addresses.
      if ((await answers(port, address)) || !(await canListen(port, address))) return { name, port };
    }
  }
  return undefined;
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
    // A machine without IPv6 has no ::1 for anyone to listen on.
    const { code } = error as NodeJS.ErrnoException;
    return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
  } finally {
    server.close();
  }
}
