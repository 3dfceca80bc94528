/** A receiver of events, or a caller, that sends the messages elsewhere: to the decoy. */
import { type Attack, NO_EVENT } from "../attack.ts";
import type { ReceiverAnswer } from "../event-receiver.ts";
import { answered, call, DELIVERED, failed, respond } from "./webhook-attack.ts";

const REDIRECT = "GHSA-c4v7-xg93-qf8g, Gogs";
const REDIRECTED_CREDENTIALS = "CVE-2018-1000007, curl";
const REBINDING = "CVE-2019-5464, GitLab";
const OWN_URL = "gogs/gogs#5366";

const LOCATION = "Location: http://{decoy}/\r\n";

const redirect = (status: number, fields = LOCATION): ReceiverAnswer =>
  respond(`${status} Elsewhere`, fields);

export const WEBHOOK_REDIRECTS: readonly Attack[] = [
  ...[300, 301, 302, 303, 305, 307, 308].map((status) =>
    answered(`a redirect with ${status} is not followed`, REDIRECT, [redirect(status)], failed(status)),
  ),
  answered(
    "a redirect without a scheme is not followed",
    REDIRECT,
    [redirect(307, "Location: //{decoy}/\r\n")],
    failed(307),
  ),
  answered(
    "a redirect with credentials is not followed",
    REDIRECTED_CREDENTIALS,
    [redirect(307, "Location: http://forged:forged@{decoy}/\r\n")],
    failed(307),
  ),
  answered(
    "a redirect with two targets is not followed",
    REDIRECT,
    [redirect(302, LOCATION + LOCATION)],
    failed(302),
  ),
  answered("a 201 with a Location is an acknowledgement, and its target is not fetched", REDIRECT, [
    respond("201 Created", LOCATION),
  ]),
  answered("a Refresh in an acknowledgement is not followed", REDIRECT, [
    respond("200 OK", "Refresh: 0; url=http://{decoy}/\r\n"),
  ]),
  answered("an early hint is not fetched", "RFC 8297, section 3", [
    respond("204 No Content", "", {
      before: "HTTP/1.1 103 Early Hints\r\nLink: <http://{decoy}/>; rel=preload\r\n\r\n",
    }),
  ]),
  answered(
    "another address in Alt-Svc is not used for the next attempt",
    "RFC 7838, section 9.2",
    [respond("500 Not now", 'Alt-Svc: http/1.1="{decoy}"; ma=3600\r\n'), respond("204 No Content")],
    { ...DELIVERED, messages: ["account.updated", "account.updated"], failures: [500] },
  ),
  answered(
    "a receiver that accepts redirects only at the second attempt is not followed then",
    REBINDING,
    [respond("500 Not now"), redirect(307)],
    { messages: ["account.updated", "account.updated"], failures: [500, 307], unsent: 1 },
  ),
  answered(
    "a receiver that first sends elsewhere and then accepts gets the same message again",
    REBINDING,
    [redirect(307), respond("204 No Content")],
    { messages: ["account.updated", "account.updated"], failures: [307], unsent: 0 },
  ),
  {
    ...call("an address in the call is no receiver", OWN_URL),
    body: '{"tier":"pro","events_url":"http://{decoy}/"}',
    outcome: { statuses: [422], deliveries: NO_EVENT },
  },
  {
    ...call("an address in the query is no receiver", OWN_URL),
    target: "/control/v1/accounts/{account}?events_url=http://{decoy}/",
    outcome: { statuses: [422], deliveries: NO_EVENT },
  },
  {
    ...call("the host of the call is no receiver", "CVE-2021-39155, Istio", [
      ["X-Forwarded-Host", "{decoy}"],
      ["X-Webhook-Url", "http://{decoy}/"],
    ]),
    host: "{decoy}",
  },
];
