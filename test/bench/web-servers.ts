/**
 * nginx and HAProxy in front of the origin, if installed: one process each, without a log, with persistent connections on
 * both sides. They know one key, in a map; nginx checks it with `auth_request`, HAProxy with a rule.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { endingWithUs } from "./child-processes.ts";
import { freePort } from "./free-port.ts";
import type { Server } from "./workerd.ts";

const CONNECTIONS = 4096;
const START_LIMIT_MS = 20_000;
const POLL_MS = 20;

/** Null if not installed. `key`: null disables the check. */
export function startNginx(originUrl: string, key: string | null): Promise<Server | null> {
  return start("nginx", (directory, port) => ({
    files: { "nginx.conf": nginxConfig(directory, port, new URL(originUrl).host, key) },
    args: ["-p", directory, "-c", join(directory, "nginx.conf"), "-e", "stderr"],
  }));
}

export function startHaproxy(originUrl: string, key: string | null): Promise<Server | null> {
  return start("haproxy", (directory, port) => ({
    files: {
      "haproxy.cfg": haproxyConfig(directory, port, new URL(originUrl).host, key),
      "keys.map": `${key} acct\n`,
    },
    args: ["-db", "-q", "-f", join(directory, "haproxy.cfg")],
  }));
}

function nginxConfig(directory: string, port: number, origin: string, key: string | null): string {
  const check =
    key === null ? "" : "location = /check { internal; if ($known_key = 0) { return 401; } return 204; }";
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections ${CONNECTIONS}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ")}
  map_hash_bucket_size 256;
  map $http_authorization $known_key { default 0; "Bearer ${key ?? ""}" 1; }
  upstream origin { server ${origin}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location /v1/ {
      ${key === null ? "" : "auth_request /check;"}
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
    ${check}
  }
}
`;
}

function haproxyConfig(directory: string, port: number, origin: string, key: string | null): string {
  const check =
    key === null
      ? ""
      : `http-request return status 401 unless { req.hdr(authorization),word(2," "),map_str(${directory}/keys.map) -m found }`;
  return `global
  nbthread 1
  maxconn ${CONNECTIONS}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend gateway
  bind 127.0.0.1:${port}
  ${check}
  default_backend origin
backend origin
  server origin ${origin}
`;
}

interface Program {
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

async function start(
  name: string,
  programIn: (directory: string, port: number) => Program,
): Promise<Server | null> {
  const path = pathOf(name);
  if (path === null) return null;
  const directory = await mkdtemp(join(tmpdir(), "octopost-bench-"));
  const port = await freePort();
  const { files, args } = programIn(directory, port);
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
  const child = endingWithUs(spawn(path, args, { stdio: ["ignore", "ignore", "inherit"] }));
  const exited = new Promise((resolve) => child.once("close", resolve));
  const close = async () => {
    child.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  const until = performance.now() + START_LIMIT_MS;
  while (!(await answersOn(port))) {
    if (performance.now() > until || child.exitCode !== null) {
      await close();
      throw new Error(`${name} did not start`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { pid: child.pid as number, port, close };
}

/** Path of the program; Debian installs some where only root's PATH searches. */
function pathOf(name: string): string | null {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = directories.find((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found === undefined ? null : join(found, name);
}

function answersOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
