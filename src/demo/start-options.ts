/**
 * The command-line options of `npm start`.
 *
 * Guarantees three different, valid port numbers, or an error that names the option. It does not check whether the
 * ports are free: see ports.ts.
 */
import { parseArgs } from "node:util";

const OPTIONS = {
  port: { type: "string", default: "8787" },
  "live-port": { type: "string", default: "9101" },
  "sandbox-port": { type: "string", default: "9102" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export type PortName = Exclude<keyof typeof OPTIONS, "help">;
export type Ports = Readonly<Record<PortName, number>>;

const PORT_NAMES = ["port", "live-port", "sandbox-port"] as const satisfies PortName[];
const PORT_MAX = 65_535;

export const HELP = `Usage: npm start -- [options]

Starts the gateway in front of a live and a sandbox demo origin, creates keys, and prints commands to paste.
Ctrl-C stops everything.

Options:
  --port <number>          port of the gateway (default: ${OPTIONS.port.default})
  --live-port <number>     port of the live origin (default: ${OPTIONS["live-port"].default})
  --sandbox-port <number>  port of the sandbox origin (default: ${OPTIONS["sandbox-port"].default})
  -h, --help               show this help
`;

export type StartOptions =
  | { readonly ports: Ports }
  | { readonly help: true }
  /** One sentence for stderr. */
  | { readonly error: string };

export function readStartOptions(args: string[]): StartOptions {
  let values: Record<PortName, string> & { help: boolean };
  try {
    values = parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return { error: (error as Error).message };
  }
  if (values.help) return { help: true };
  const ports = {} as Record<PortName, number>;
  for (const name of PORT_NAMES) {
    const text = values[name];
    ports[name] = Number(text);
    if (!/^\d+$/.test(text) || ports[name] < 1 || ports[name] > PORT_MAX) {
      return { error: `--${name} must be a port from 1 to ${PORT_MAX}, not "${text}"` };
    }
  }
  if (new Set(Object.values(ports)).size < PORT_NAMES.length) {
    return { error: `${PORT_NAMES.map((name) => `--${name}`).join(", ")} must be three different ports` };
  }
  return { ports };
}

/** The command that starts on these ports. */
export function startCommand(ports: Ports): string {
  const flags = PORT_NAMES.filter((name) => String(ports[name]) !== OPTIONS[name].default);
  return ["npm start --", ...flags.map((name) => `--${name} ${ports[name]}`)].join(" ");
}
