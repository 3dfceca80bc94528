/**
 * A Worker that stands for TLS in front of one gateway: it receives plain HTTP and passes each request on under an
 * `https:` URL, as Cloudflare's edge does. Added to a cluster as one of its `extraWorkers`.
 */
import { gatewayName } from "./cluster-workers.ts";
import type { GatewayCluster } from "./gateway-cluster.ts";
import type { Address } from "./raw-http.ts";

export const HTTPS_FRONT = httpsFrontOf(0);

export function httpsFrontOf(gateway: number) {
  return {
    name: `https-front-${gateway}`,
    modules: true as const,
    compatibilityDate: "2026-01-01",
    serviceBindings: { GATEWAY: gatewayName(gateway) },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    script: `
    export default {
      fetch(request, env) {
        const url = request.url.replace(/^http:/, "https:");
        return env.GATEWAY.fetch(new Request(url, request), { redirect: "manual" });
      },
    };
  `,
  };
}

/** The address at which a cluster's gateway is reached as over HTTPS. */
export async function httpsFront(cluster: GatewayCluster, gateway = 0): Promise<Address> {
  const { hostname, port } = await cluster.miniflare.unsafeGetDirectURL(`https-front-${gateway}`);
  return { host: hostname, port: Number(port) };
}
