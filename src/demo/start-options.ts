/**
 * The flags of `npm start`.
 *
 * Guarantees: three different, usable port numbers, or a sentence saying what is wrong. Does not
 * know whether the ports are free: see busy-port.ts.
 */
import { parseArgs } from "node:util";

export const USAGE = "npm start -- [--port 8787] [--live-port 9101] [--sandbox-port 9102]";

const FLAGS = {
  port: { type: "string", default: "8787" },
  "live-port": { type: "string", default: "9101" },
  "sandbox-port": { type: "string", default: "9102" },
} as const;
export type PortFlag = keyof typeof FLAGS;

const PORT_MAX = 65_535;

export function readStartSettings(args: string[]): { ports: Record<PortFlag, number> } | { mistake: string } {
  let values: Record<PortFlag, string>;
  try {
    values = parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return { mistake: (error as Error).message };
  }
  const ports = {} as Record<PortFlag, number>;
  for (const [flag, value] of Object.entries(values) as [PortFlag, string][]) {
    ports[flag] = Number(value);
    if (!/^\d+$/.test(value) || ports[flag] < 1 || ports[flag] > PORT_MAX) {
      return { mistake: `--${flag} must be a port from 1 to ${PORT_MAX}, not "${value}"` };
    }
  }
  if (new Set(Object.values(ports)).size < Object.keys(FLAGS).length) {
    return { mistake: `${flagsInWords()} must be three different ports` };
  }
  return { ports };
}

function flagsInWords(): string {
  return Object.keys(FLAGS)
    .map((flag) => `--${flag}`)
    .join(", ");
}
