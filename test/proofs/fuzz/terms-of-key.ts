/**
 * The terms of a key and of its account, changed through the control plane, as the policy oracle describes them.
 *
 * Guarantees that `current` is what the control plane has acknowledged.
 */
import fc from "fast-check";
import type { IssuedKey } from "../../support/control-client.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { OracleKey } from "./policy-oracle.ts";

/** The networks of the addresses that begin so. */
const NETWORKS: Readonly<Record<string, string>> = {
  "203.0.113.": "203.0.113.0/24",
  "2001:db8:": "2001:db8::/32",
};

const addresses = fc.subarray(Object.keys(NETWORKS));

/** One term, changed. */
export const termsChange: fc.Arbitrary<Partial<OracleKey>> = fc.oneof(
  fc.record({ permissions: fc.subarray(["posts:read", "posts:write", "accounts:read", "webhooks:read"]) }),
  fc.record({ addressesFrom: addresses }),
  fc.record({ accountAddressesFrom: addresses }),
  fc.record({ isSuspended: fc.boolean() }),
  fc.record({ isAccountSuspended: fc.boolean() }),
);

export class TermsOfKey {
  readonly #cluster: GatewayCluster;
  readonly #account: string;
  readonly #key: string;
  #current: OracleKey;

  constructor(cluster: GatewayCluster, { account, id, mode, permissions }: IssuedKey) {
    this.#cluster = cluster;
    this.#account = `/accounts/${account}`;
    this.#key = `/accounts/${account}/keys/${id}`;
    this.#current = { mode, permissions };
  }

  get current(): OracleKey {
    return this.#current;
  }

  async changeTo(terms: OracleKey): Promise<void> {
    const before = this.#current;
    const networks = (from: readonly string[] = []) => from.map((beginning) => NETWORKS[beginning]);
    await this.#call("PATCH", this.#key, {
      permissions: terms.permissions,
      allowed_ips: networks(terms.addressesFrom),
    });
    const allowed_ips = networks(terms.accountAddressesFrom);
    await this.#call("PUT", this.#account, { policy: { allowed_ips } });
    await this.#suspend(this.#key, before.isSuspended, terms.isSuspended);
    await this.#suspend(this.#account, before.isAccountSuspended, terms.isAccountSuspended);
    this.#current = terms;
  }

  async #suspend(path: string, was = false, is = false): Promise<void> {
    if (was !== is) await this.#call("POST", `${path}/${is ? "suspend" : "resume"}`);
  }

  async #call(method: string, path: string, body?: object): Promise<void> {
    const { status, response } = await this.#cluster.control(method, path, body);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${response.body}`);
  }
}
