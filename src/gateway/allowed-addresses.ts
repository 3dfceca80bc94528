/**
 * Whether a key may be used from the client's address: it must be in one of the key's networks, if there are any, and in
 * one of its account's.
 *
 * Guarantees that an address which is unknown, or cannot be read, is in no network, and that a network which cannot be
 * read contains no address. Networks are read once for each version of the terms. Pure.
 */
import {
  type IpAddress,
  type IpNetwork,
  isInNetwork,
  parseIpAddress,
  parseIpNetwork,
} from "../keys/ip-network.ts";
import type { Terms } from "../leases/protocol.ts";
import type { Refusal } from "../refusals.ts";

type AddressTerms = Pick<Terms, "allowed_ips" | "account_allowed_ips">;
type Networks = readonly IpNetwork[];

const ADDRESS_NOT_ALLOWED: Refusal = { reason: "address_not_allowed" };

/** By terms: their lists that are not empty. */
const compiled = new WeakMap<AddressTerms, readonly Networks[]>();

/** Why the terms do not allow the address, or null. */
export function refuseAddress(terms: AddressTerms, address: string): Refusal | null {
  if (terms.allowed_ips.length === 0 && terms.account_allowed_ips.length === 0) return null;
  const parsed = parseIpAddress(address);
  if (parsed === null || !listsOf(terms).every((networks) => contain(networks, parsed)))
    return ADDRESS_NOT_ALLOWED;
  return null;
}

function contain(networks: Networks, address: IpAddress): boolean {
  return networks.some((network) => isInNetwork(address, network));
}

function listsOf(terms: AddressTerms): readonly Networks[] {
  const known = compiled.get(terms);
  if (known) return known;
  const lists = [terms.allowed_ips, terms.account_allowed_ips]
    .filter((list) => list.length > 0)
    .map((list) => list.map(parseIpNetwork).filter((network) => network !== null));
  compiled.set(terms, lists);
  return lists;
}
