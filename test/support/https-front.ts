/**
 * A Worker that stands for TLS in front of gateway 0: it receives plain HTTP and passes each request on under an
 * `https:` URL, as Cloudflare's edge does. Added to a cluster as one of its `extraWorkers`.
 */
import { gatewayName } from "./cluster-workers.ts";
import type { GatewayCluster } from "./gateway-cluster.ts";
import type { Address } from "./raw-http.ts";

export const HTTPS_FRONT = {
  name: "https-front",
  modules: true as const,
  compatibilityDate: "2026-01-01",
  serviceBindings: { GATEWAY: gatewayName(0) },
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

/** The address at which a cluster's gateway 0 is reached as over HTTPS. */
export async function httpsFront(cluster: GatewayCluster): Promise<Address> {
  const { hostname, port } = await cluster.miniflare.unsafeGetDirectURL(HTTPS_FRONT.name);
  return { host: hostname, port: Number(port) };
}
