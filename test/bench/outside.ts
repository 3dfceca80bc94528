/**
 * The contestants outside Workers, each with its check and without: the same proxy, origin and load. Fastify and Better
 * Auth are installed from npm into `outside/node_modules` only; nginx and HAProxy are measured where they are installed.
 */
import { execFileSync, fork } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerOf } from "./bench.ts";
import { startHaproxy, startNginx } from "./web-servers.ts";
import type { Server } from "./workerd.ts";

const DIRECTORY = join(import.meta.dirname, "outside");
const INSTALL_LIMIT_MS = 300_000;

/** All that can run on this machine, by name; `key` is the one that each accepts. */
export async function startOutside(originUrl: string, key: string): Promise<Record<string, Server>> {
  install();
  const starts: Readonly<Record<string, () => Promise<Server | null>>> = {
    Fastify: () => startFastify("none", originUrl, key),
    "Fastify, bearer-auth": () => startFastify("bearer", originUrl, key),
    "Fastify, Better Auth": () => startFastify("better-auth", originUrl, key),
    nginx: () => startNginx(originUrl, null),
    "nginx, auth_request": () => startNginx(originUrl, key),
    HAProxy: () => startHaproxy(originUrl, null),
    "HAProxy, map": () => startHaproxy(originUrl, key),
  };
  const servers: Record<string, Server> = {};
  for (const [name, start] of Object.entries(starts)) {
    try {
      const server = await start();
      if (server !== null) servers[name] = server;
    } catch (error) {
      process.stderr.write(`${name} takes no part: ${(error as Error).message}\n`);
    }
  }
  return servers;
}

/** Once, and again when the lock file is newer. */
function install(): void {
  const [lock, installed] = [
    join(DIRECTORY, "package-lock.json"),
    join(DIRECTORY, "node_modules", ".package-lock.json"),
  ];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  execFileSync("npm", ["ci", "--ignore-scripts", "--prefix", DIRECTORY], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: INSTALL_LIMIT_MS,
  });
}

async function startFastify(check: string, originUrl: string, key: string): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), "octopost-bench-"));
  const server = fork(join(DIRECTORY, "server.js"), [check, originUrl, key, directory]);
  const { port } = await answerOf<{ port: number }>(server);
  const close = async () => {
    const exited = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  return { pid: server.pid as number, port, close };
}
