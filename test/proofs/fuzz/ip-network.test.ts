/**
 * Compares IP networks with Node's own (`net.isIP`, `net.BlockList`): which texts are addresses, and which addresses a
 * network contains. A failure prints the seed to replay.
 */
import { BlockList, isIP, isIPv4 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatIpNetwork,
  isInNetwork,
  parseIpAddress,
  parseIpNetwork,
} from "../../../src/keys/ip-network.ts";

const RUNS = 20_000;

const octet = fc.oneof(fc.nat(255), fc.constantFrom(0, 255, 256, 127, 128));
const ipv4 = fc.array(octet, { minLength: 4, maxLength: 4 }).map((octets) => octets.join("."));
const group = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0, 0, 0xffff)).map((value) => value.toString(16));
/** Groups with `::` somewhere, upper case, or a dotted end. */
const ipv6 = fc
  .tuple(fc.array(group, { minLength: 1, maxLength: 8 }), fc.nat(8), fc.boolean(), fc.option(ipv4))
  .map(([groups, gap, isUpper, dotted]) => {
    const parts = dotted === null ? groups : [...groups.slice(0, 6), dotted];
    const text =
      parts.length === 8 && gap === 8
        ? parts.join(":")
        : `${parts.slice(0, gap).join(":")}::${parts.slice(gap).join(":")}`;
    return isUpper ? text.toUpperCase() : text;
  });
const mapped = ipv4.map((text) => `::ffff:${text}`);
const noise = fc
  .tuple(
    fc.oneof(ipv4, ipv6),
    fc.constantFrom("", " ", ".", ":", "0", "%eth0", "/", "[", "]", "\n", "é"),
    fc.nat(20),
  )
  .map(([text, piece, at]) => text.slice(0, at) + piece + text.slice(at));
const address = fc.oneof(ipv4, ipv6, mapped, noise);

test("a text is an address exactly if Node takes it for one; a zone is none here", () => {
  fc.assert(
    fc.property(address, (text) => {
      const isAddress = isIP(text) !== 0 && !text.includes("%");
      expect(parseIpAddress(text) !== null, text).toBe(isAddress);
    }),
    { numRuns: RUNS },
  );
});

test("a network contains an address exactly if Node's list does", () => {
  const plain = fc.oneof(ipv4, ipv6, mapped).filter((text) => isIP(text) !== 0);
  fc.assert(
    fc.property(plain, fc.nat(128), plain, fc.boolean(), (base, bits, other, isNear) => {
      const prefix = isIPv4(base) ? bits % 33 : bits;
      const net = parseIpNetwork(`${base}/${prefix}`);
      if (net === null) throw new Error(`${base}/${prefix} is refused`);
      // Half of the addresses are in the network or next to it.
      const text = isNear ? base : other;
      const parsed = parseIpAddress(text);
      if (parsed === null) throw new Error(`${text} is refused`);
      // Node takes an IPv4-mapped address for one of both families; here it is IPv4 alone.
      if (!net.isIpv4 && parsed.isIpv4) {
        expect(isInNetwork(parsed, net)).toBe(false);
        return;
      }
      const list = new BlockList();
      const canonical = formatIpNetwork(net);
      const [first = "", length] = canonical.split("/");
      list.addSubnet(first, Number(length), net.isIpv4 ? "ipv4" : "ipv6");
      const family = isIPv4(text) ? "ipv4" : "ipv6";
      expect(isInNetwork(parsed, net), `${text} in ${canonical}`).toBe(list.check(text, family));
      expect(parseIpNetwork(canonical)).toEqual(net);
    }),
    { numRuns: RUNS },
  );
});
