// A Host that no URL can have is refused with 400, also where the gateway compares hosts; it never becomes a fault.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { completeLog } from "../support/log-lines.ts";
import { rawRequest } from "../support/raw-http.ts";

const CONTROL_HOST = "keys.octopost.ink";

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await startCluster({ settings: { CONTROL_HOST } });
});
afterAll(() => cluster.close());

const TARGETS = ["/v1/posts", "/control/v1/accounts/acct/keys", "/portal/keys", "/healthz"];

test.each(["1.2.3.4.5", "999.999.999.999", "0x1ffffffff", "octopost.ink:99999", "[1::2::3]"])(
  "%s is refused everywhere",
  async (host) => {
    for (const target of TARGETS) {
      const headers = [
        ["Host", host],
        ["Authorization", `Bearer ${cluster.settings.CONTROL_TOKEN}`],
      ] as const;
      const response = await rawRequest(cluster.gateway(0), { method: "GET", target, headers });
      expect([target, response.status]).toEqual([target, 400]);
      expect(JSON.parse(response.body.toString()).details).toEqual({
        host: "must be a host name or an address, and a port",
      });
    }
    expect(cluster.live.requests).toEqual([]);
    expect((await completeLog(cluster)).filter((line) => line.includes('"exception"'))).toEqual([]);
  },
);
