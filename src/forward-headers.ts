/**
 * `FORWARD_HEADERS`: names of request headers that are forwarded beyond the built-in list.
 *
 * Guarantees that no setting can add a credential, a word that only the gateway may say, or a header that
 * belongs to one connection. Many servers read `_` and `.` as `-`, so they are compared so. Pure.
 */
import * as v from "valibot";

/** What can be a header's name, in lower case (RFC 9110 §5.6.2). */
export const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

const CREDENTIAL =
  /(?:^|-)(?:auth|authorization|authentication|api-?key|token|secret|password|credentials?|cookie2?|session)(?:-|$)/;
const ONLY_THE_GATEWAYS =
  /^(?:x-octopost(?:-.*)?|x-request-id|x-forwarded(?:-.*)?|forwarded|x-real-ip|true-client-ip|cf-.*|via|host)$/;
/** RFC 9110 §7.6.1. */
const OF_ONE_CONNECTION =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|http2-settings)$/;

/** The setting's text, separated by spaces or commas, as lower-case names. */
export const forwardHeaders = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.transform((text) => text.toLowerCase().split(/[\s,]+/)),
  v.transform((names) => names.filter((name) => name !== "")),
  v.everyItem((name) => HEADER_NAME.test(name) && mayBeForwarded(name.replaceAll(/[._]/g, "-"))),
);

function mayBeForwarded(name: string): boolean {
  return ![CREDENTIAL, ONLY_THE_GATEWAYS, OF_ONE_CONNECTION].some((never) => never.test(name));
}
