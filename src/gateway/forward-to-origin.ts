/**
 * Step 5, forward: sends the request to the one origin that its key's mode leads to, and answers.
 *
 * Guarantees that the answer's headers leave only under a valid lease on terms that allow the request, that its body is
 * cut when that ends, and that a body which ends early never looks complete. Streams both ways; never retries,
 * never follows a redirect, never asks a cache.
 */

import { isUnavailable } from "../keys/store-error.ts";
import type { KnownKey } from "../leases/cached-key.ts";
import type { Terms } from "../leases/protocol.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { AcceptedRequest } from "./accept-request.ts";
import { clientResponse } from "./client-response.ts";
import { type BodyStart, GATHERED_MAX_BYTES, gatherBody, writeStart } from "./gather-body.ts";
import { freshIdentity, newIdentity } from "./identity-assertion.ts";
import { InFlightRequest } from "./in-flight-request.ts";
import { originRequestHeaders, PAST_ALL_CACHES } from "./origin-request.ts";
import { type OriginResponse, readOriginResponse } from "./origin-response.ts";
import { type PublicAddress, publicAddress } from "./public-address.ts";
import type { RequestContext } from "./request-context.ts";
import { logAborted } from "./request-log.ts";
import { startUpload } from "./upload.ts";

export async function forwardToOrigin(
  context: RequestContext,
  accepted: AcceptedRequest,
  key: KnownKey,
  judge: (terms: Terms) => Refusal | null,
): Promise<Response | Refusal> {
  const { settings, clock, lifetime, report } = context;
  const origin = key.record.mode === "live" ? settings.liveOrigin : settings.sandboxOrigin;
  if (origin === null) throw new Error("a test key passed a policy without a sandbox");
  const startedAt = clock.now();
  const inFlight = new InFlightRequest(key.lease, context, judge, settings.originTimeoutMs);
  context.inFlight = inFlight;
  lifetime.onDisconnect(() => inFlight.abort({ reason: "client_gone" }));

  const answer = await fetchFromOrigin(context, key, inFlight, {
    origin,
    url: origin + accepted.path + accepted.query,
    address: publicAddress(settings.publicOrigin, origin),
  });
  // Measured without an answer too: all of that time was spent waiting for the origin.
  report.originMs = clock.now() - startedAt;
  if (isRefusal(answer)) {
    inFlight.abort(answer);
    return inFlight.refusal ?? answer;
  }
  const { origin: response, body: gathered } = answer;
  const refusal = await key.lease.ensureValidForResponse(context, !gathered.isWhole);
  if (refusal) inFlight.abort(refusal);
  // The request's own renewal may have failed while this one succeeded: what has been aborted has no body to send.
  const ended = inFlight.judge() ?? refusal;
  if (ended) return ended;
  const body = gathered.isWhole ? gathered.bytes : pipeBody(context, response, gathered.start, inFlight);
  if (gathered.isWhole) inFlight.complete();
  return clientResponse(body, response, report.requestId, report.permit?.allowance ?? null);
}

interface OriginRequest {
  readonly origin: string;
  readonly url: string;
  readonly address: PublicAddress;
}

interface OriginAnswer {
  readonly origin: OriginResponse;
  readonly body: ResponseBody;
}

/** The refusal is why the request was aborted, or what is wrong with the origin or its answer. */
async function fetchFromOrigin(
  context: RequestContext,
  key: KnownKey,
  inFlight: InFlightRequest,
  request: OriginRequest,
): Promise<OriginAnswer | Refusal> {
  try {
    const answer = await inFlight.unlessAborted(exchange(context, key, inFlight, request));
    if (answer) return answer;
  } catch (error) {
    inFlight.complete();
    // The platform reports a connection that was refused, reset or garbled as a plain Error. A fault of the ledger, whose
    // lease an upload may need by now, is not the origin's.
    if (inFlight.refusal === null && !isUnavailable(error)) throw error;
  }
  return inFlight.refusal ?? { reason: "origin_unreachable" };
}

async function exchange(
  context: RequestContext,
  key: KnownKey,
  inFlight: InFlightRequest,
  { origin, url, address }: OriginRequest,
): Promise<OriginAnswer | Refusal> {
  const { request, settings, report } = context;
  const { method, body: clientBody } = request;
  let body: BodyInit | null = null;
  if (method !== "GET" && method !== "HEAD" && clientBody !== null) {
    body = await startUpload(context.request, {
      signal: inFlight.signal,
      now: () => context.clock.now(),
      onProgress: (restMs) => inFlight.uploadProgressed(restMs),
      onBroken: () =>
        inFlight.abort({ reason: context.request.signal.aborted ? "client_gone" : "origin_unreachable" }),
    });
    // Gathering took time.
    const refusal = inFlight.refusal ?? (await key.lease.ensureValid(context));
    if (refusal) return refusal;
  }
  // Last, so that the headers state the permissions under which the request is forwarded.
  const now = context.clock.now();
  const identity = freshIdentity(key, now) ?? (await newIdentity(key, origin, settings.assertionKeys, now));
  const refusal = inFlight.judge();
  if (refusal) return refusal;
  const { record } = key;
  const { requestId } = report;
  const headers = originRequestHeaders({
    request,
    record,
    identity,
    requestId,
    settings,
    address: context.address,
  });
  const response = await fetch(url, {
    method,
    headers,
    body,
    // When the client has its answer, the platform ends the fetch itself. But while work is waited for, it has been
    // seen to end a chunked upload properly then, and the origin would take it for whole.
    signal: body instanceof ReadableStream ? inFlight.signal : null,
    redirect: "manual",
    cf: PAST_ALL_CACHES,
    encodeResponseBody: "manual",
  });
  inFlight.headersReceived();
  context.report.originStatus = response.status;
  const originResponse = readOriginResponse(response, address);
  if (isRefusal(originResponse)) return originResponse;
  return { origin: originResponse, body: await startOf(originResponse) };
}

type ResponseBody =
  | { readonly isWhole: true; readonly bytes: Uint8Array<ArrayBuffer> | null }
  | { readonly isWhole: false; readonly start: BodyStart | null };

/** A small body is gathered before its headers leave, so that the client of a revoked key gets all of it or its 401. */
async function startOf({ response, length, isStream }: OriginResponse): Promise<ResponseBody> {
  const { body } = response;
  if (body === null) return { isWhole: true, bytes: null };
  if (length === 0) return { isWhole: true, bytes: new Uint8Array() };
  if (isStream || (length !== null && length > GATHERED_MAX_BYTES)) return { isWhole: false, start: null };
  return await gatherBody(body, length);
}

/** Pipes the body natively until it ends, breaks or the request is aborted. */
function pipeBody(
  { request, report, clock }: RequestContext,
  { response, length }: OriginResponse,
  start: BodyStart | null,
  inFlight: InFlightRequest,
): ReadableStream {
  // An identity stream, since a body handed on untouched would outlive this request's timers: the platform sends it
  // without the Worker, and nothing could abort it. A fixed length breaks when it falls short.
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  inFlight.bodyStarted();
  void pump(start, response.body as ReadableStream, writable, inFlight.signal)
    .catch(() => {
      // A client that leaves a stream ends it, which is no fault; any other break of the pipe is the origin's.
      const reason = inFlight.refusal?.reason ?? (request.signal.aborted ? "client_gone" : "origin_aborted");
      if (reason !== "client_gone") logAborted(report, reason, clock.now());
    })
    .finally(() => inFlight.complete());
  return readable;
}

async function pump(
  start: BodyStart | null,
  rest: ReadableStream,
  writable: WritableStream,
  signal: AbortSignal,
): Promise<void> {
  if (start && !(await writeStart(start, writable, signal))) return;
  await rest.pipeTo(writable, { signal });
}
