// Errors of `npm run keys`: the exit code tells the outcome, standard error the cause, and neither the token nor a key is
// ever printed.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { environmentOf, type Keys, ownAccount, runKeys } from "./run-keys.ts";
import { sendsNothing, withServer } from "./with-server.ts";

const UNKNOWN_ID = `key_${"0".repeat(22)}`;

let cluster: GatewayCluster;
let account: string;
let keys: Keys;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(() => {
  ({ account, keys } = ownAccount(cluster));
});

describe("a usage error exits with 2 and sends nothing", () => {
  test("no command, or an invalid option", async () => {
    await sendsNothing(async (url) => {
      const env = { OCTOPOST_GATEWAY_URL: url };
      for (const args of [[], ["create", "--name", "a", "--mode", "live", "--permissions", "posts:all"]]) {
        const { code, stdout, stderr } = await keys(args, { env });
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        expect(stderr).not.toBe("");
      }
    });
  });

  test("a key in place of its id is not printed", async () => {
    const { secret } = await cluster.createKey({ account });
    const { code, stdout, stderr } = await keys(["revoke", secret, "--yes"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("not its id");
    expect(stderr).not.toContain(secret);
  });

  test("no account, or no token", async () => {
    const { OCTOPOST_ACCOUNT: _, ...noAccount } = environmentOf(cluster, account);
    expect(await runKeys(["list"], { env: noAccount })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--account"),
    });
    // A gateway on this machine would use the token of .dev.vars.
    const noToken = { OCTOPOST_ACCOUNT: account, OCTOPOST_GATEWAY_URL: "https://gateway.invalid" };
    expect(await runKeys(["list"], { env: noToken })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("OCTOPOST_CONTROL_TOKEN"),
    });
    expect((await runKeys(["list"], { env: { ...noToken, OCTOPOST_CONTROL_TOKEN: "a b" } })).code).toBe(2);
  });
});

describe("a refusal exits with 1 and prints the gateway's error", () => {
  test("a wrong token, which is not printed", async () => {
    const { code, stderr, stdout } = await keys(["list"], {
      env: { OCTOPOST_CONTROL_TOKEN: "not-the-token" },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("401 unauthorized");
    expect(stderr).toContain("The token in OCTOPOST_CONTROL_TOKEN is not valid at this gateway.");
    expect(stderr).not.toContain("not-the-token");
  });

  test("an unknown key, and an account that does not exist", async () => {
    expect(await keys(["account", "--json"])).toMatchObject({
      code: 1,
      json: { error: "Not found", code: "not_found" },
      stderr: expect.stringContaining("Check --account"),
    });
    await cluster.createKey({ account });
    for (const args of [["show"], ["revoke", "--yes"], ["rotate"]]) {
      const [command = "", ...rest] = args;
      const { code, stderr } = await keys([command, UNKNOWN_ID, ...rest]);
      expect(code, command).toBe(1);
      expect(stderr).toContain("404 not_found: Not found");
    }
  });
});

describe("an unreachable gateway exits with 3", () => {
  test("no server listens there", async () => {
    const url = await closedUrl();
    for (const args of [
      ["list"],
      ["create", "--name", "a", "--mode", "live"],
      ["revoke", UNKNOWN_ID, "--yes"],
    ]) {
      const { code, stdout, stderr } = await keys([...args, "--url", url]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toContain(`cannot reach ${url}: ECONNREFUSED`);
      // The outcome is known: nothing was done.
      expect(stderr).not.toContain("not known");
    }
  });

  test("another server answers", async () => {
    await withServer(
      (_, response) => response.end("<h1>It works</h1>"),
      async (url) => {
        expect(await keys(["list", "--url", url])).toMatchObject({
          code: 3,
          stderr: expect.stringContaining("answered 200, and not as the gateway does"),
        });
      },
    );
  });

  test("a redirect is not followed, so that only the gateway receives the token", async () => {
    const seen: (string | undefined)[] = [];
    await withServer(
      (request, response) => {
        seen.push(request.url);
        response.writeHead(307, { Location: "/elsewhere" }).end();
      },
      async (url) => expect((await keys(["list", "--url", url])).code).toBe(3),
    );
    expect(seen).toEqual([`/control/v1/accounts/${account}/keys?limit=200`]);
  });
});

test("--help is printed on standard output and exits with 0", async () => {
  const { code, stdout, stderr } = await runKeys(["--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Exit codes:");
});

/** The URL of a server that has closed. */
async function closedUrl(): Promise<string> {
  let url = "";
  await withServer(
    () => {},
    async (where) => {
      url = where;
    },
  );
  return url;
}
