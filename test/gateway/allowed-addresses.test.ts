// Which client addresses a key's networks and its account's allow.

import { expect, test } from "vitest";
import { refuseAddress } from "../../src/gateway/allowed-addresses.ts";
import { UNKNOWN_ADDRESS } from "../../src/http/client-address.ts";

const REFUSED = { reason: "address_not_allowed" };

test.each<[string, readonly string[], readonly string[], string, boolean]>([
  ["no networks: anywhere", [], [], "203.0.113.7", true],
  ["no networks: an unknown address too", [], [], UNKNOWN_ADDRESS, true],
  ["in the key's network", ["203.0.113.0/24"], [], "203.0.113.7", true],
  ["outside the key's network", ["203.0.113.0/24"], [], "203.0.114.7", false],
  ["in one of several", ["10.0.0.0/8", "2001:db8::/32"], [], "2001:db8::1", true],
  ["in the account's network", [], ["203.0.113.0/24"], "203.0.113.7", true],
  ["outside the account's network", [], ["203.0.113.0/24"], "10.0.0.1", false],
  ["in the key's network alone", ["203.0.113.0/24"], ["10.0.0.0/8"], "203.0.113.7", false],
  ["in the account's network alone", ["203.0.113.0/24"], ["10.0.0.0/8"], "10.0.0.1", false],
  ["in both", ["203.0.113.0/24"], ["203.0.0.0/16"], "203.0.113.7", true],
  ["IPv4 as IPv6", ["203.0.113.0/24"], [], "::ffff:203.0.113.7", true],
  ["an unknown address", ["0.0.0.0/0", "::/0"], [], UNKNOWN_ADDRESS, false],
  ["an address that cannot be read", ["0.0.0.0/0", "::/0"], [], "203.0.113.7, 10.0.0.1", false],
  ["an empty address", ["0.0.0.0/0", "::/0"], [], "", false],
  ["a network that cannot be read", ["office"], [], "203.0.113.7", false],
])("%s", (_, allowed_ips, account_allowed_ips, address, isAllowed) => {
  const terms = { allowed_ips, account_allowed_ips };
  // Twice: the second time the networks have been read.
  for (let time = 0; time < 2; time++)
    expect(refuseAddress(terms, address)).toEqual(isAllowed ? null : REFUSED);
});
