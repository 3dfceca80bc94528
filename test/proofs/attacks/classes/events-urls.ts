/**
 * An `EVENTS_URL` whose host the check and the fetch could read differently. Only a loopback address may be called over
 * plain HTTP; with any other the ledger does not start, and the call gets 503.
 */
import { type Attack, NO_EVENT, refused } from "../attack.ts";
import { EVENTS_PATH } from "../event-receiver.ts";
import { call } from "./webhook-attack.ts";

const NOTATION = "CVE-2023-42282, ip";
const OCTAL = "CVE-2021-28918, netmask";
const MAPPED = "CVE-2026-43929, ssrfcheck";
const UNSPECIFIED = "CVE-2023-24623, paranoidhttp";
const USERINFO = "CVE-2024-22243, Spring";
const FRAGMENT = "CVE-2016-8624, curl";
const SCHEME = "gogs/gogs#5366";
const NAME = "gogs/gogs#7031";

const refusedUrl = (name: string, incident: string, eventsUrl: string): Attack => ({
  ...call(name, incident),
  eventsUrl,
  outcome: { ...refused(503, "service_unavailable"), deliveries: NO_EVENT },
});

/** Loopback in another notation: the check and the fetch agree on it. */
const loopback = (notation: string, incident: string, host: string): Attack => ({
  ...call(`loopback in ${notation} notation is loopback, for the check and for the fetch`, incident),
  eventsUrl: `http://${host}:{eventsPort}${EVENTS_PATH}`,
});

export const EVENTS_URLS: readonly Attack[] = [
  loopback("decimal", NOTATION, "2130706433"),
  loopback("hexadecimal", NOTATION, "0x7f.1"),
  loopback("octal", OCTAL, "0177.0.0.1"),
  loopback("short", NOTATION, "127.1"),
  loopback("full-width", NOTATION, "１２７。０。０。１"),
  refusedUrl("plain HTTP to the unspecified address is refused", UNSPECIFIED, "http://0.0.0.0:{decoyPort}/"),
  refusedUrl("plain HTTP to the address 0 is refused", UNSPECIFIED, "http://0:{decoyPort}/"),
  refusedUrl(
    "plain HTTP to the unspecified IPv6 address is refused",
    UNSPECIFIED,
    "http://[::]:{decoyPort}/",
  ),
  refusedUrl(
    "plain HTTP to an IPv4-mapped address is refused",
    MAPPED,
    "http://[::ffff:127.0.0.1]:{decoyPort}/",
  ),
  refusedUrl(
    "plain HTTP to an IPv4-mapped address in hexadecimal is refused",
    MAPPED,
    "http://[::ffff:7f00:1]:{decoyPort}/",
  ),
  refusedUrl("plain HTTP to the metadata service is refused", SCHEME, "http://169.254.169.254/latest/"),
  refusedUrl(
    "plain HTTP to the metadata service in decimal is refused",
    NOTATION,
    "http://2852039166/latest/",
  ),
  refusedUrl("a loopback address as user is refused", USERINFO, "http://127.0.0.1:80@0.0.0.0:{decoyPort}/"),
  refusedUrl("a user before a loopback address is refused", USERINFO, "http://forged@127.0.0.1:{decoyPort}/"),
  refusedUrl(
    "a backslash before a loopback address is no user",
    USERINFO,
    "http://0.0.0.0:{decoyPort}\\@127.0.0.1/",
  ),
  refusedUrl(
    "a fragment before a loopback address is refused",
    FRAGMENT,
    "http://127.0.0.1:{decoyPort}/#@127.0.0.1/",
  ),
  refusedUrl(
    "a name that begins like a loopback address is refused",
    NAME,
    "http://127.0.0.1.decoy.invalid:{decoyPort}/",
  ),
  refusedUrl(
    "a name that begins with localhost is refused",
    NAME,
    "http://localhost.decoy.invalid:{decoyPort}/",
  ),
  refusedUrl(
    "a loopback address with a line end in it is another name",
    "CVE-2019-9740, Python",
    "http://127.0.0.1\n.decoy.invalid:{decoyPort}/",
  ),
  refusedUrl("a scheme other than HTTP is refused", SCHEME, "gopher://127.0.0.1:{decoyPort}/_forged"),
  refusedUrl("a file is no receiver", SCHEME, "file:///etc/passwd"),
];
