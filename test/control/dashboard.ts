/**
 * A dashboard of a test: a second real Worker with a service binding to `KeyService`, which calls the given method and
 * reports its answer or its exception.
 */

import { expect } from "vitest";
import type { KeyService } from "../../src/control/key-service.ts";
import { RIGHTS } from "../../src/control-credentials.ts";
import type { ClusterWorkers } from "../support/cluster-workers.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";

/**
 * A Worker with one binding to `KeyService` for each of these `props`. `map` in an argument's place is sent as a `Map`.
 */
export function dashboardWith(props: Readonly<Record<string, Props>>): ClusterWorkers[number] {
  const bindings = Object.entries(props).map(([binding, own]) => [
    binding,
    { name: "gateway-0", entrypoint: "KeyService", ...(own && { props: own }) },
  ]);
  return {
    name: "dashboard",
    compatibilityDate: "2026-10-20",
    modules: true,
    script: `export default {
      async fetch(request, env) {
        const [binding, method, args] = await request.json();
        const sent = args.map((arg) => (Object.hasOwn(Object(arg), "map") ? new Map(arg.map) : arg));
        try {
          return Response.json({ answered: await env[binding][method](...sent) });
        } catch (error) {
          return Response.json({ threw: String(error) });
        }
      },
    };`,
    serviceBindings: Object.fromEntries(bindings),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
}

/** null: a binding without `props`. */
type Props = Record<string, string | string[]> | null;

const KEYS = "KEYS";

/** To be passed to the cluster as an extra Worker: a dashboard that may do everything. */
export const DASHBOARD = dashboardWith({ [KEYS]: { name: "dashboard", may: [...RIGHTS] } });

export interface RpcAnswer {
  readonly ok: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly value: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly error: any;
}

export class Dashboard {
  readonly #url: URL;

  readonly #binding: string;

  static async of(cluster: GatewayCluster, binding = KEYS): Promise<Dashboard> {
    return new Dashboard(await cluster.miniflare.unsafeGetDirectURL("dashboard"), binding);
  }

  private constructor(url: URL, binding: string) {
    this.#url = url;
    this.#binding = binding;
  }

  /** The method's answer; fails when it threw. */
  async call(method: keyof KeyService, ...args: unknown[]): Promise<RpcAnswer> {
    const body = JSON.stringify([this.#binding, method, args]);
    const response = await fetch(this.#url, { method: "POST", body });
    const { answered, threw } = (await response.json()) as { answered?: RpcAnswer; threw?: string };
    expect(threw, method).toBeUndefined();
    return answered as RpcAnswer;
  }

  /** The value of its answer; fails on a refusal. */
  async done(method: keyof KeyService, ...args: unknown[]) {
    const { ok, value, error, ...rest } = await this.call(method, ...args);
    expect([ok, error, rest], JSON.stringify(error)).toEqual([true, undefined, {}]);
    return value;
  }
}
