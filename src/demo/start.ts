/**
 * npm start -- [options]
 *
 * Runs everything on this machine: a live and a sandbox origin, the gateway in front of them, keys, and commands to
 * paste. Guarantees that Ctrl-C stops every process it started and removes every file it wrote.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onNpmExit } from "../cli/npm-exit.ts";
import { createDemoKeys, createPageLink, pageLinkUrl } from "./demo-keys.ts";
import { serveDemoOrigin } from "./demo-origin.ts";
import { serveEventReceiver } from "./event-receiver.ts";
import { gatewayUrl, startGateway, waitUntilReady } from "./gateway-process.ts";
import { findBusyPorts, replaceBusyPorts } from "./ports.ts";
import { HELP, type Ports, readStartOptions, startCommand } from "./start-options.ts";
import { type Demo, renderWalkthrough, walkthrough } from "./walkthrough.ts";

const ACCOUNT = "demo";
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

async function main(args: string[]): Promise<number> {
  const options = readStartOptions(args);
  if ("help" in options) {
    process.stdout.write(HELP);
    return 0;
  }
  if ("error" in options) {
    console.error(`${options.error}\nOptions: npm start -- --help`);
    return EXIT_USAGE;
  }
  const { ports } = options;
  const busy = await findBusyPorts(ports);
  if (busy.length > 0) {
    const free = await replaceBusyPorts(ports, busy);
    const subject =
      busy.length === 1
        ? `Port ${ports[busy[0] as keyof Ports]} is`
        : `Ports ${listOf(busy.map((name) => ports[name]))} are`;
    console.error(`${subject} busy. On free ports: ${startCommand(free)}`);
    return EXIT_FAILURE;
  }
  const stopped = stopSignal();
  /** Cleanup of everything that was started, in the order it was started. */
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    await run(ports, stopped, cleanups);
    return 0;
  } catch (error) {
    if (stopped.aborted) return 0;
    console.error((error as Error).message);
    return EXIT_FAILURE;
  } finally {
    for (const cleanUp of cleanups.reverse()) await cleanUp();
  }
}

/** Rejects when `stopped` aborts or the gateway exits; never resolves. */
async function run(ports: Ports, stopped: AbortSignal, cleanups: (() => Promise<unknown>)[]): Promise<void> {
  const log = (line: string) => console.log(line);
  const jwksUrl = `${gatewayUrl(ports.port)}/.well-known/jwks.json`;
  const live = await serveDemoOrigin({ mode: "live", port: ports["live-port"], jwksUrl, log });
  cleanups.push(live.close);
  const sandbox = await serveDemoOrigin({ mode: "sandbox", port: ports["sandbox-port"], jwksUrl, log });
  cleanups.push(sandbox.close);
  const events = await serveEventReceiver(log);
  cleanups.push(events.close);
  const directory = await mkdtemp(join(tmpdir(), "octopost-edge-gateway-"));
  cleanups.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

  console.log("Starting the gateway…");
  const gateway = await startGateway({
    port: ports.port,
    liveOrigin: live.url,
    sandboxOrigin: sandbox.url,
    events,
    directory,
    log,
  });
  cleanups.push(gateway.stop);
  await waitUntilReady(gateway, stopped);
  const keys = await createDemoKeys(gateway, ACCOUNT);
  const pageLink = await createPageLink(gateway, ACCOUNT);
  stopped.throwIfAborted();

  const { url, controlToken } = gateway;
  const demo = { gatewayUrl: url, liveOriginUrl: live.url, account: ACCOUNT, controlToken, keys };
  printDemo(demo, pageLink);
  await Promise.race([gateway.failed, rejectOnAbort(stopped)]);
}

function printDemo(demo: Demo, pageLink: string): void {
  console.log(`\n${renderWalkthrough(demo, walkthrough(demo))}`);
  console.log(
    "The requests that each origin receives and the key events are listed below. Ctrl-C stops everything.\n",
  );
  console.log(
    "The key page (Settings › API Keys). The link works once, within five minutes. For another link:",
  );
  const { gatewayUrl: url, controlToken, account } = demo;
  console.log(`curl -sS -X POST ${pageLinkUrl(url, account)} -H 'Authorization: Bearer ${controlToken}'`);
  console.log(`\n${pageLink}\n`);
}

/** Aborts on the first signal. npm sends the signal again that the terminal has sent already: the second is ignored. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => controller.abort());
  }
  onNpmExit(() => controller.abort());
  return controller.signal;
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function listOf(numbers: readonly number[]): string {
  return new Intl.ListFormat("en").format(numbers.map(String));
}

process.exitCode = await main(process.argv.slice(2));
