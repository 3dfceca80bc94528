// Access for people and programs: `keys credential` and what its token may do, `keys page` and its link, `keys health`.

import { hash } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserCommand } from "../../src/cli/keys/page-commands.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { rawRequest } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { type Keys, keysOf, runKeys } from "./run-keys.ts";
import { withServer } from "./with-server.ts";

let cluster: GatewayCluster;
let keys: Keys;
/** What `keys credential --json` has printed for a reader of one account. */
let reader: { token: string; entry: object };

beforeAll(async () => {
  const create = ["credential", "--name", "ci", "--may", "keys:read", "--accounts", "acme", "--json"];
  reader = (await runKeys(create)).json;
  cluster = await startCluster({ settings: { CONTROL_CREDENTIALS: JSON.stringify([reader.entry]) } });
  keys = keysOf(cluster, "acme");
  await cluster.createKey({ account: "acme", name: "one" });
  await cluster.createKey({ account: "other" });
});
afterAll(() => cluster.close());

describe("credential", () => {
  test("makes an entry whose token has these rights on these accounts, and no others", async () => {
    const env = { OCTOPOST_CONTROL_TOKEN: reader.token };
    expect((await keys(["list", "--json"], { env })).json.keys).toHaveLength(1);
    const other = await keys(["list", "--account", "other"], { env });
    expect(other).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("other accounts") });
    const create = await keys(["create", "--name", "a", "--mode", "live"], { env });
    expect(create).toMatchObject({ code: 1, stdout: "" });
    expect(create.stderr).toContain(
      "The credential whose token is in OCTOPOST_CONTROL_TOKEN does not have the right keys:write.",
    );
    expect(create.stderr).not.toContain(reader.token);
    expect((await keys(["health"], { env })).stderr).toContain("the right operate");
  });

  test("prints a new token each time, once, and the entry with its SHA-256 alone", async () => {
    const args = ["credential", "--name", "on-call", "--may", "keys:revoke,keys:read"];
    const { code, stdout, stderr } = await runKeys(args);
    expect(code).toBe(0);
    const [token = "", blank, entry = ""] = stdout.split("\n");
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(blank).toBe("");
    expect(JSON.parse(entry)).toEqual({
      name: "on-call",
      sha256: hash("sha256", token),
      may: ["keys:revoke", "keys:read"],
    });
    expect(entry + stderr).not.toContain(token);
    expect((await runKeys(args)).stdout).not.toContain(token);
  });

  test("does not take --account for a limit: the credential would be valid for every account", async () => {
    const args = ["credential", "--name", "ci", "--may", "keys:read"];
    expect(await runKeys([...args, "--account", "acme"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("use --accounts"),
    });
    // The variable is for the other commands.
    expect((await runKeys(args, { env: { OCTOPOST_ACCOUNT: "acme" } })).code).toBe(0);
  });
});

describe("page", () => {
  test("prints a link that opens the key page", async () => {
    const { code, stdout, stderr } = await keys(["page"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The link opens the key page once, until \d{4}-.* UTC\.\n$/);
    const target = new URL(stdout.trim()).pathname;
    expect(target).toMatch(/^\/portal\/enter\/acme\./);
    expect((await rawRequest(cluster.gateway(0), { method: "GET", target, headers: [] })).status).toBe(200);
    expect((await keys(["page", "--json"])).json).toEqual({
      url: expect.stringContaining("/portal/enter/acme."),
      expires_at: expect.any(String),
    });
  });

  describe("in a terminal with a browser", () => {
    let directory: string;
    /** What the browser was started with; empty: it was not started. */
    const opened = () => readFile(join(directory, "opened"), "utf8").catch(() => "");
    const inTerminal = (...args: string[]) =>
      keys(["page", ...args], {
        terminal: true,
        env: { PATH: `${directory}${delimiter}${process.env.PATH}`, DISPLAY: ":0" },
      });

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "keys-page-"));
      for (const name of ["xdg-open", "open"]) {
        await writeFile(join(directory, name), `#!/bin/sh\nprintf %s "$*" > "${directory}/opened"\n`);
        await chmod(join(directory, name), 0o755);
      }
    });
    afterAll(() => rm(directory, { recursive: true }));

    test("opens nothing with --no-open, nor an address that is not http or https", async () => {
      expect((await inTerminal("--no-open")).stderr).not.toContain("Opening");
      const answer = { url: "file:///bin/sh", expires_at: "2099-01-01T00:00:00.000Z" };
      await withServer(
        (_, response) => response.end(JSON.stringify(answer)),
        async (url) => {
          const { code, stderr } = await inTerminal("--url", url);
          expect(code).toBe(0);
          expect(stderr).not.toContain("Opening");
        },
      );
      expect(await opened()).toBe("");
    });

    test("opens the link", async () => {
      const { stdout, stderr } = await inTerminal();
      expect(stderr).toContain("Opening it in your browser.");
      expect(await eventually("the browser to start", opened)).toBe(stdout.trim());
    });
  });

  test.each([
    ["darwin", {}, "open"],
    ["linux", { DISPLAY: ":0" }, "xdg-open"],
    ["linux", { WAYLAND_DISPLAY: "wayland-0" }, "xdg-open"],
    ["linux", { WSL_DISTRO_NAME: "Debian" }, "rundll32.exe"],
    ["win32", {}, "rundll32"],
    ["linux", {}, undefined],
    ["linux", { DISPLAY: ":0", SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" }, undefined],
    ["darwin", { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" }, undefined],
  ] as const)("on %s with %j starts %s", (platform, environment, program) => {
    expect(browserCommand(platform, environment)?.[0]).toBe(program);
  });
});

describe("health", () => {
  test("needs no account, and prints the round trips to the stores", async () => {
    const { code, stdout } = await runKeys(["health"], {
      env: {
        OCTOPOST_GATEWAY_URL: new URL((await keys(["page", "--json"])).json.url).origin,
        OCTOPOST_CONTROL_TOKEN: String(cluster.settings.CONTROL_TOKEN),
      },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^gateway +http:\S+\nstatus +ok\nKV +\d+ ms\nledger +\d+ ms\n$/);
  });

  test("fails when a store does not answer, and says which", async () => {
    const lift = await cluster.network.fault({ on: "kv", how: "fail-before" });
    try {
      const { code, stderr } = await keys(["health"]);
      expect(code).toBe(1);
      expect(stderr).toContain("503 service_unavailable");
      expect(stderr).toMatch(/^ {2}kv_ms: null$/m);
      expect(stderr).toContain("did not answer");
    } finally {
      await lift();
    }
  });
});
