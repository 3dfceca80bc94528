/**
 * npm start -- [--port 8787] [--live-port 9101] [--sandbox-port 9102]
 *
 * The whole of it on one machine: a live and a sandbox origin, the gateway in front of them, keys,
 * and commands to paste. Ctrl-C ends everything this started and leaves nothing behind.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onNpmExit } from "../cli/npm-exit.ts";
import { makeDemoKeys, makePageLink, pageLinkUrl } from "./demo-keys.ts";
import { serveDemoOrigin } from "./demo-origin.ts";
import { gatewayUrl, startGateway, waitUntilReady } from "./gateway-process.ts";
import { findBusyPort } from "./ports.ts";
import { type PortFlag, readStartSettings, USAGE } from "./start-options.ts";
import { renderWalkthrough, walkthrough } from "./walkthrough.ts";

const ACCOUNT = "demo";

/** Settings that cannot be used: exit code 2, as is usual. */
const EXIT_USAGE = 2;

async function main(args: string[]): Promise<number> {
  const settings = readStartSettings(args);
  if ("mistake" in settings) {
    console.error(`${settings.mistake}\n${USAGE}`);
    return EXIT_USAGE;
  }
  const busy = await findBusyPort(settings.ports);
  if (busy) {
    console.error(`Port ${busy.port} is busy. Choose another with --${busy.name}: ${USAGE}`);
    return 1;
  }
  const stopped = whenToldToStop();
  /** How to end what has been started so far, in the order it was started. */
  const endings: (() => Promise<unknown>)[] = [];
  try {
    await run(settings.ports, stopped, endings);
    return 0;
  } catch (error) {
    if (stopped.aborted) return 0;
    console.error((error as Error).message);
    return 1;
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

/** Settles, by throwing, when told to stop or when the gateway ends by itself. */
async function run(
  ports: Record<PortFlag, number>,
  stopped: AbortSignal,
  endings: (() => Promise<unknown>)[],
): Promise<void> {
  const log = (line: string) => console.log(line);
  const jwksUrl = `${gatewayUrl(ports.port)}/.well-known/jwks.json`;
  const live = await serveDemoOrigin({ mode: "live", port: ports["live-port"], jwksUrl, log });
  endings.push(live.close);
  const sandbox = await serveDemoOrigin({ mode: "sandbox", port: ports["sandbox-port"], jwksUrl, log });
  endings.push(sandbox.close);
  const directory = await mkdtemp(join(tmpdir(), "octopost-edge-gateway-"));
  endings.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

  console.log("Starting the gateway…");
  const gateway = await startGateway({
    port: ports.port,
    liveOrigin: live.url,
    sandboxOrigin: sandbox.url,
    directory,
    log,
  });
  endings.push(gateway.stop);
  await waitUntilReady(gateway, stopped);
  const keys = await makeDemoKeys(gateway, ACCOUNT);
  const pageLink = await makePageLink(gateway, ACCOUNT);
  stopped.throwIfAborted();

  const { url, controlToken } = gateway;
  const demo = { gatewayUrl: url, liveOriginUrl: live.url, account: ACCOUNT, controlToken, keys };
  console.log(`\n${renderWalkthrough(demo, walkthrough(demo))}`);
  console.log("What each origin hears is listed below. Ctrl-C ends everything.\n");
  console.log("The key page, Settings › API Keys. A link opens it once, within five minutes; for another:");
  console.log(`curl -sS -X POST ${pageLinkUrl(gateway, ACCOUNT)} -H 'Authorization: Bearer ${controlToken}'`);
  console.log(`\n${pageLink}\n`);
  await Promise.race([gateway.failed, rejectWhen(stopped)]);
}

/** A second signal changes nothing: npm passes on the one the terminal has sent already. */
function whenToldToStop(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => controller.abort());
  }
  onNpmExit(() => controller.abort());
  return controller.signal;
}

function rejectWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

process.exitCode = await main(process.argv.slice(2));
