/**
 * A key that may be used from two networks (`203.0.113.0/24`, `2001:db8::/32`), from elsewhere.
 *
 * Only the address that Cloudflare states counts, and a text that is not plainly one address is in no network.
 */
import { type Attack, FORBIDDEN, harmless, UNAUTHORIZED } from "../attack.ts";

const HEADERS = "GHSA-2qvv-vjq9-g5r4, voicemode";
const ZEROS = "CVE-2021-29921, Python";
const SHORT = "CVE-2021-28918, netmask";
const MAPPED = "CVE-2024-24790, Go";
const FORMS = "CVE-2023-42282, ip";

const from = (name: string, incident: string, address: string, more: Partial<Attack> = {}): Attack => ({
  name,
  incident,
  key: "addressed",
  headers: [["CF-Connecting-IP", address]],
  outcome: FORBIDDEN,
  ...more,
});

const elsewhere = (name: string, value = "203.0.113.7"): Attack => ({
  ...from(`the allowed address in ${name} is not the client's`, HEADERS, ""),
  headers: [
    ["CF-Connecting-IP", "198.51.100.7"],
    [name, value],
  ],
});

export const CLIENT_ADDRESSES: readonly Attack[] = [
  from("an address outside the networks gets 403", HEADERS, "198.51.100.7"),
  from("a request without a client address is in no network", HEADERS, "", { headers: [] }),
  from("an empty client address is in no network", HEADERS, ""),
  ...["X-Forwarded-For", "X-Real-IP", "True-Client-IP", "Client-IP", "X-Client-IP", "Fastly-Client-IP"].map(
    (name) => elsewhere(name),
  ),
  elsewhere("X_Forwarded_For"),
  elsewhere("CF_Connecting_IP"),
  elsewhere("Cf-Connecting-IPv6", "2001:db8::7"),
  elsewhere("Cf-Pseudo-IPv4"),
  elsewhere("Forwarded", "for=203.0.113.7"),
  from("the allowed address behind another one is in no network", HEADERS, "198.51.100.7, 203.0.113.7"),
  from("the allowed address before another one is in no network", HEADERS, "203.0.113.7, 198.51.100.7"),
  {
    ...from("the allowed address in a second CF-Connecting-IP is in no network", HEADERS, ""),
    headers: [
      ["CF-Connecting-IP", "198.51.100.7"],
      ["CF-Connecting-IP", "203.0.113.7"],
    ],
  },
  from("an octet with a leading zero is no address", ZEROS, "0203.0.113.7"),
  from("an octet with leading zeros at its end is no address", ZEROS, "203.0.113.007"),
  from("an octal octet is no address", SHORT, "0313.0.113.7"),
  from("a hexadecimal octet is no address", FORMS, "0xcb.0.113.7"),
  from("a number is no address", FORMS, "3405803783"),
  from("a short form is no address", SHORT, "203.0.28935"),
  from("a port behind the address is no address", FORMS, "203.0.113.7:443"),
  from("an address of five octets is no address", FORMS, "203.0.113.7.1"),
  from("the allowed network is no address", FORMS, "203.0.113.0/24"),
  from("full-width digits are no address", FORMS, "\u00b2\u00b303.0.113.7"),
  from("an IPv4-mapped address outside is outside", MAPPED, "::ffff:198.51.100.7"),
  from("an IPv4-mapped address outside, in hexadecimal, is outside", MAPPED, "::ffff:c633:6407"),
  from("an allowed address as IPv4-compatible IPv6 is outside", MAPPED, "::203.0.113.7"),
  from("an allowed address behind NAT64 is outside", MAPPED, "64:ff9b::203.0.113.7"),
  from("an allowed address in 6to4 is outside", MAPPED, "2002:cb00:7107::1"),
  from("an address with a zone is no address", "CVE-2025-22870, Go", "2001:db8::7%eth0"),
  from("an address in brackets is no address", FORMS, "[2001:db8::7]"),
  from("a beginning of the allowed network is no address", FORMS, "2001:db8"),
  from("the neighbour of the allowed network is outside", FORMS, "2001:db9::7"),
  from("the address is checked before the path is known", HEADERS, "198.51.100.7", { target: "/v1/nothing" }),
  from("the address is checked for HEAD too", HEADERS, "198.51.100.7", {
    method: "HEAD",
    outcome: { statuses: [403] },
  }),
  from("an IPv4-mapped address inside is the IPv4 address", MAPPED, "::ffff:203.0.113.7", {
    outcome: harmless("GET /v1/posts", { "X-Forwarded-For": "::ffff:203.0.113.7" }),
  }),
  {
    name: "a suspended key gets the same answer as an unknown one",
    incident: "RFC 6750, section 3.1",
    key: "suspended",
    outcome: UNAUTHORIZED,
  },
];
