// The proxy of the environment: `npm run keys` reaches a gateway through it, and never sends a token to it in the clear.

import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { proxyOf } from "../../src/cli/keys/proxy.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { ownAccount, runKeys } from "./run-keys.ts";

const GATEWAY = "https://gateway.test:8443";
const ACCOUNT = { account: "acme", tier: "pro" };

/** An HTTPS server in the gateway's place. Its certificate is for another host. */
let gateway: Miniflare;
let proxy: http.Server;
let proxyUrl: string;
/** What the proxy receives: the request line of each request, and its credentials. */
let requests: string[];
/** The proxy's answer to CONNECT; null: it connects to the gateway. */
let refusal: string | null;

beforeAll(async () => {
  const script = `export default { fetch: () => Response.json(${JSON.stringify(ACCOUNT)}) }`;
  gateway = new Miniflare(convertV4MiniflareOptions({ modules: true, script, https: true }));
  const { port } = await gateway.ready;
  proxy = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.end("{}");
  });
  proxy.on("connect", (request, socket: net.Socket) => {
    const credentials = request.headers["proxy-authorization"];
    requests.push(`CONNECT ${request.url}${credentials ? ` ${credentials}` : ""}`);
    socket.on("error", () => {});
    if (refusal !== null) return void socket.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.pipe(net.connect(Number(port), "127.0.0.1")).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(async () => {
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  await gateway.dispose();
});
beforeEach(() => {
  requests = [];
  refusal = null;
});

function tier(env: Record<string, string>) {
  const settings = {
    OCTOPOST_GATEWAY_URL: GATEWAY,
    OCTOPOST_ACCOUNT: "acme",
    OCTOPOST_CONTROL_TOKEN: "a-token",
  };
  return runKeys(["tier", "--json"], { env: { ...settings, NODE_TLS_REJECT_UNAUTHORIZED: "0", ...env } });
}

test.each(["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"])(
  "%s is used for the gateway",
  async (variable) => {
    const { code, json } = await tier({ [variable]: proxyUrl });
    expect([code, json]).toEqual([0, ACCOUNT]);
    expect(requests).toEqual(["CONNECT gateway.test:8443"]);
  },
);

test("a proxy may be named without a scheme, and with credentials", async () => {
  expect((await tier({ HTTPS_PROXY: proxyUrl.replace("http://", "") })).code).toBe(0);
  expect((await tier({ HTTPS_PROXY: proxyUrl.replace("//", "//me:p%40ss@") })).code).toBe(0);
  const credentials = Buffer.from("me:p@ss").toString("base64");
  expect(requests).toEqual(["CONNECT gateway.test:8443", `CONNECT gateway.test:8443 Basic ${credentials}`]);
});

test.each(["gateway.test", ".test", "*", "other.example, gateway.test:8443"])(
  "NO_PROXY=%s calls the gateway directly",
  async (noProxy) => {
    const { code, stderr } = await tier({ HTTPS_PROXY: proxyUrl, NO_PROXY: noProxy });
    expect(code).toBe(3);
    expect(stderr).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(requests).toEqual([]);
  },
);

test("a gateway on this machine is called directly, since its token is not encrypted", async () => {
  const cluster = await sharedCluster(TWO_GATEWAYS);
  const { account, keys } = ownAccount(cluster);
  await cluster.createKey({ account });
  const proxies = { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl, ALL_PROXY: proxyUrl };
  expect((await keys(["list"], { env: proxies })).code).toBe(0);
  // Node reads this variable when a process starts.
  const env = { ...proxies, NODE_USE_ENV_PROXY: "1" };
  expect((await keys(["list"], { env, process: true })).code).toBe(0);
  expect(requests).toEqual([]);
});

test("a refusing or unreachable proxy is named, without its credentials, and nothing was done", async () => {
  refusal = "407 Proxy Authentication Required";
  const refused = await tier({ HTTPS_PROXY: proxyUrl.replace("//", "//me:secret@") });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("407");
  expect(refused.stderr).toContain(`HTTPS_PROXY is set (${proxyUrl.replace("http://", "")})`);
  const unreachable = await tier({ HTTPS_PROXY: "http://me:secret@127.0.0.1:1" });
  expect(unreachable).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("HTTPS_PROXY is set (127.0.0.1:1)"),
  });
  expect(refused.stderr + unreachable.stderr).not.toMatch(/secret|not known/);
});

test.each(["socks5://me:secret@127.0.0.1:1", "http://", "no proxy me:secret@"])(
  "%j is not an HTTP proxy: exit 2, and its credentials are not printed",
  async (value) => {
    const { code, stderr } = await tier({ HTTPS_PROXY: value });
    expect(code).toBe(2);
    expect(stderr).toContain("HTTPS_PROXY");
    expect(stderr).not.toContain("secret");
  },
);

test("the variable for https is preferred, and an empty variable is unset", () => {
  const of = (environment: Record<string, string>) => proxyOf(GATEWAY, environment)?.variable;
  expect(of({ HTTP_PROXY: "http://a", HTTPS_PROXY: "http://b" })).toBe("HTTPS_PROXY");
  expect(of({ HTTPS_PROXY: "", HTTP_PROXY: "http://a" })).toBe("HTTP_PROXY");
  expect(of({ HTTPS_PROXY: "" })).toBeUndefined();
});
