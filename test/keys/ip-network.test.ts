// IPv4 and IPv6 networks at their edges: what is accepted, its canonical form, and which addresses it contains.

import { describe, expect, test } from "vitest";
import {
  containsNetwork,
  formatIpNetwork,
  type IpNetwork,
  isInNetwork,
  parseIpAddress,
  parseIpNetwork,
} from "../../src/keys/ip-network.ts";

function network(text: string): IpNetwork {
  const parsed = parseIpNetwork(text);
  if (parsed === null) throw new Error(`${text} is no network`);
  return parsed;
}

function contains(net: string, address: string): boolean {
  const parsed = parseIpAddress(address);
  if (parsed === null) throw new Error(`${address} is no address`);
  return isInNetwork(parsed, network(net));
}

describe("the canonical form", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7/32"],
    ["203.0.113.7/32", "203.0.113.7/32"],
    ["203.0.113.7/24", "203.0.113.0/24"],
    ["203.0.113.255/31", "203.0.113.254/31"],
    ["255.255.255.255/1", "128.0.0.0/1"],
    ["255.255.255.255/0", "0.0.0.0/0"],
    ["0.0.0.0", "0.0.0.0/32"],
    ["2001:DB8::1", "2001:db8::1/128"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1/128"],
    ["2001:db8::1/32", "2001:db8::/32"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1/128"],
    ["1:2:3:4:5:6:7:8/127", "1:2:3:4:5:6:7:8/127"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1", "8000::/1"],
    ["ffff::/0", "::/0"],
    ["::", "::/128"],
    ["::1.2.3.4", "::102:304/128"],
    ["::ffff:192.0.2.1", "192.0.2.1/32"],
    ["::ffff:c000:201/128", "192.0.2.1/32"],
    ["::FFFF:192.0.2.1/120", "192.0.2.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["::ffff:0:0/95", "::fffe:0:0/95"],
  ])("of %s is %s", (text, canonical) => {
    expect(formatIpNetwork(network(text))).toBe(canonical);
    expect(formatIpNetwork(network(canonical))).toBe(canonical);
  });
});

describe("no network", () => {
  test.each([
    "",
    "/",
    "/0",
    "0/0",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.4.",
    ".1.2.3.4",
    "1..3.4",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.4/33",
    "1.2.3.4/00",
    "1.2.3.4/08",
    "1.2.3.4/+8",
    "1.2.3.4/8/8",
    "1.2.3.4/ 8",
    " 1.2.3.4",
    "1.2.3.4\n",
    "0x1.2.3.4",
    "1.2.3.4%eth0",
    "١.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "::1/129",
    "::1/1000",
    "::1%eth0",
    "fe80::1%25eth0",
    "[::1]",
    "::1]",
    "::1:",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "::g",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.400",
    "::1.2.3.04",
    "1.2.3.4::",
    "localhost",
    "example.com/24",
  ])("%j", (text) => {
    expect(parseIpNetwork(text)).toBeNull();
    expect(parseIpAddress(text)).toBeNull();
  });

  test("an address has no prefix length", () => {
    expect(parseIpAddress("1.2.3.4/32")).toBeNull();
    expect(parseIpAddress("::1/128")).toBeNull();
    expect(parseIpAddress("unknown")).toBeNull();
  });
});

describe("a network contains", () => {
  test.each<[string, string, boolean]>([
    ["0.0.0.0/0", "0.0.0.0", true],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["0.0.0.0/0", "::1", false],
    ["0.0.0.0/0", "::ffff:1.2.3.4", true],
    ["::/0", "::", true],
    ["::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true],
    ["::/0", "1.2.3.4", false],
    ["::/0", "::ffff:1.2.3.4", false],
    ["128.0.0.0/1", "127.255.255.255", false],
    ["128.0.0.0/1", "128.0.0.0", true],
    ["10.0.0.0/8", "9.255.255.255", false],
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["192.0.2.254/31", "192.0.2.253", false],
    ["192.0.2.254/31", "192.0.2.254", true],
    ["192.0.2.254/31", "192.0.2.255", true],
    ["192.0.2.1/32", "192.0.2.1", true],
    ["192.0.2.1/32", "192.0.2.0", false],
    ["192.0.2.1", "::ffff:c000:201", true],
    ["::ffff:192.0.2.0/120", "192.0.2.200", true],
    ["2001:db8::/32", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false],
    ["2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["2001:db8::/127", "2001:db8::1", true],
    ["2001:db8::/127", "2001:db8::2", false],
    ["::1/128", "::1", true],
    ["::1/128", "::", false],
    ["8000::/1", "7fff::", false],
  ])("%s, %s: %s", (net, address, isIn) => {
    expect(contains(net, address)).toBe(isIn);
  });
});

describe("a network in a network", () => {
  test.each<[string, string, boolean]>([
    ["0.0.0.0/0", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.1.0.0/16", true],
    ["10.1.0.0/16", "10.0.0.0/8", false],
    ["10.0.0.0/8", "11.0.0.0/16", false],
    ["::/0", "10.0.0.0/8", false],
    ["::/0", "2001:db8::/32", true],
    ["10.0.0.0/8", "::ffff:10.0.0.0/104", true],
  ])("%s contains %s: %s", (outer, inner, isIn) => {
    expect(containsNetwork(network(outer), network(inner))).toBe(isIn);
  });
});
