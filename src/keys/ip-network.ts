/**
 * IP addresses and networks in CIDR notation, IPv4 (RFC 4632) and IPv6 (RFC 4291). Pure.
 *
 * Guarantees that a text has one meaning or none: no leading zeros, no zone, no trailing dot, no short form of IPv4. An
 * IPv4-mapped address (`::ffff:192.0.2.1`) is the IPv4 address. An IPv6 network never contains an IPv4 address, so
 * `::/0` is every IPv6 address and no other. The platform's URL parser checks and normalises IPv6 (WHATWG URL §3.5).
 */

export interface IpAddress {
  readonly isIpv4: boolean;
  readonly value: bigint;
}

export interface IpNetwork {
  readonly isIpv4: boolean;
  /** Its first address. */
  readonly first: bigint;
  readonly prefixLength: number;
}

const IPV4_BITS = 32;
const IPV6_BITS = 128;
/** `::ffff:0:0/96`: the IPv4-mapped addresses. */
const MAPPED_PREFIX = 0xffffn;
const MAPPED_PREFIX_BITS = IPV6_BITS - IPV4_BITS;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[0-9A-Fa-f:.]{2,45}$/;
const NETWORK = /^([0-9A-Fa-f:.]{2,45})(?:\/(0|[1-9]\d{0,2}))?$/;

export function parseIpAddress(text: string): IpAddress | null {
  const address = parse(text);
  return address === null || address.isIpv4 || !isMapped(address.value) ? address : unmapped(address);
}

/** A single address is the network that contains it alone. Bits after the prefix are cleared. */
export function parseIpNetwork(text: string): IpNetwork | null {
  const [, addressText = "", prefixText] = NETWORK.exec(text) ?? [];
  const address = parse(addressText);
  if (address === null) return null;
  const bits = address.isIpv4 ? IPV4_BITS : IPV6_BITS;
  const prefixLength = prefixText === undefined ? bits : Number(prefixText);
  if (prefixLength > bits) return null;
  if (!address.isIpv4 && prefixLength >= MAPPED_PREFIX_BITS && isMapped(address.value))
    return networkAround(unmapped(address), prefixLength - MAPPED_PREFIX_BITS);
  return networkAround(address, prefixLength);
}

/** The canonical text: RFC 5952 for IPv6, and always with a prefix length. */
export function formatIpNetwork({ isIpv4, first, prefixLength }: IpNetwork): string {
  return `${isIpv4 ? formatIpv4(first) : formatIpv6(first)}/${prefixLength}`;
}

export function isInNetwork({ isIpv4, value }: IpAddress, net: IpNetwork): boolean {
  if (isIpv4 !== net.isIpv4) return false;
  const hostBits = hostBitsOf(net);
  return value >> hostBits === net.first >> hostBits;
}

/** Whether every address of `inner` is in `outer`. */
export function containsNetwork(outer: IpNetwork, inner: IpNetwork): boolean {
  if (inner.prefixLength < outer.prefixLength) return false;
  return isInNetwork({ isIpv4: inner.isIpv4, value: inner.first }, outer);
}

/** The network of this prefix length that contains the address. */
export function networkAround({ isIpv4, value }: IpAddress, prefixLength: number): IpNetwork {
  const hostBits = hostBitsOf({ isIpv4, prefixLength });
  return { isIpv4, first: (value >> hostBits) << hostBits, prefixLength };
}

function hostBitsOf({ isIpv4, prefixLength }: Pick<IpNetwork, "isIpv4" | "prefixLength">): bigint {
  return BigInt((isIpv4 ? IPV4_BITS : IPV6_BITS) - prefixLength);
}

function isMapped(value: bigint): boolean {
  return value >> BigInt(IPV4_BITS) === MAPPED_PREFIX;
}

function unmapped({ value }: IpAddress): IpAddress {
  return { isIpv4: true, value: BigInt.asUintN(IPV4_BITS, value) };
}

/** As written: an IPv4-mapped address is IPv6 here. */
function parse(text: string): IpAddress | null {
  if (IPV4.test(text)) {
    const value = text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
    return { isIpv4: true, value: BigInt(value) };
  }
  // Anything that is not an IPv6 address would be read as another part of the URL.
  if (!text.includes(":") || !IPV6_CHARACTERS.test(text) || !URL.canParse(`http://[${text}]/`)) return null;
  const [left = "", right] = hostOf(text).split("::");
  const leftGroups = groupsOf(left);
  const rightGroups = groupsOf(right ?? "");
  const zeros = Array<string>(8 - leftGroups.length - rightGroups.length).fill("0000");
  const groups = [...leftGroups, ...zeros, ...rightGroups];
  return { isIpv4: false, value: BigInt(`0x${groups.join("")}`) };
}

/** The shortest form of an IPv6 address, without a dotted part. */
function hostOf(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").map((group) => group.padStart(4, "0"));
}

function formatIpv4(value: bigint): string {
  const number = Number(value);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

function formatIpv6(value: bigint): string {
  const digits = value.toString(16).padStart(32, "0");
  return hostOf(digits.replaceAll(/.{4}(?!$)/g, "$&:"));
}
