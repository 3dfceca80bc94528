/**
 * `FORWARD_HEADERS`: names of request headers that are forwarded beyond the list in `gateway/origin-request.ts`.
 *
 * Guarantees that no setting adds a credential, a header that only the gateway sets, or a header of one connection.
 * Many servers read `_` and `.` as `-`, so names are compared with all three as one. Pure.
 */
import * as v from "valibot";
import { HEADER_NAME } from "./http/header-text.ts";

const CREDENTIAL =
  /(?:^|-)(?:auth|authorization|authentication|api-?key|token|secret|password|credentials?|cookie2?|session)(?:-|$)/;
const SET_BY_GATEWAY =
  /^(?:x-octopost(?:-.*)?|x-request-id|x-forwarded(?:-.*)?|forwarded|x-real-ip|true-client-ip|cf-.*|via|host)$/;
/** RFC 9110 §7.6.1. */
const HOP_BY_HOP =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|http2-settings)$/;

/** Names separated by spaces or commas, in lower case. */
export const forwardHeaders = v.pipe(
  v.string(),
  v.minLength(1),
  v.transform((text) => text.toLowerCase().split(/[\s,]+/)),
  v.transform((names) => names.filter((name) => name !== "")),
  v.check((names) =>
    names.every((name) => HEADER_NAME.test(name) && mayBeForwarded(name.replaceAll(/[._]/g, "-"))),
  ),
);

function mayBeForwarded(name: string): boolean {
  return ![CREDENTIAL, SET_BY_GATEWAY, HOP_BY_HOP].some((forbidden) => forbidden.test(name));
}
