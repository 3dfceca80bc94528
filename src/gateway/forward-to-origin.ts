/**
 * Step 5, forward: sends the request to the one origin that its key's mode leads to, and answers.
 *
 * Guarantees that the answer's headers leave only under a valid lease, that its body is cut when the
 * key dies, and that a body which ends early never looks complete. Streams both ways; never retries,
 * never follows a redirect, never asks a cache.
 */

import type { CachedKey } from "../leases/key-cache.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { AcceptedRequest } from "./accept-request.ts";
import { clientResponse } from "./client-response.ts";
import { isFresh, signIdentity } from "./identity-assertion.ts";
import { InFlightRequest } from "./in-flight-request.ts";
import { originRequestHeaders } from "./origin-request.ts";
import type { RequestContext } from "./request-context.ts";
import { logAborted } from "./request-log.ts";

/** A body of known length up to this is read once before the headers leave; arrived whole, it is sent whole. */
const SMALL_BODY_MAX_BYTES = 32_768;

/** So much comes at once from a reader without a buffer of ours, which is the cheaper kind. */
const ONE_READ_MAX_BYTES = 4096;

export async function forwardToOrigin(
  context: RequestContext,
  accepted: AcceptedRequest,
  key: CachedKey,
): Promise<Response | Refusal> {
  const { settings, clock, lifetime, report } = context;
  const origin = key.record.mode === "live" ? settings.liveOrigin : settings.sandboxOrigin;
  if (origin === null) throw new Error("a test key passed a policy without a sandbox");
  const originUrl = origin + accepted.path + accepted.query;
  const startedAt = clock.now();
  if (!isFresh(key.assertion, startedAt)) {
    key.assertion = await signIdentity(key.record, origin, settings.assertionKeys, startedAt);
  }
  const inFlight = new InFlightRequest(key.lease, context, settings.originTimeoutMs);
  context.inFlight = inFlight;
  lifetime.onDisconnect(() => inFlight.abort({ reason: "client_gone" }));

  const headers = originRequestHeaders({
    request: context.request,
    record: key.record,
    requestId: report.requestId,
    assertion: key.assertion.jwt,
    settings,
  });
  const answer = await fetchFromOrigin(context.request, originUrl, headers, inFlight);
  // Measured without an answer too: all of that time was spent waiting for the origin.
  report.originMs = clock.now() - startedAt;
  if (isRefusal(answer)) return answer;
  const { response, arrived } = answer;
  report.originStatus = response.status;

  // The origin refuses the gateway, not the key: the client's credential is good.
  const refusal: Refusal | null =
    response.status === 401
      ? { reason: "origin_refused_gateway" }
      : await key.lease.ensureValidForResponse(context, !arrived.whole);
  if (refusal) inFlight.abort(refusal);
  // The request's own renewal may have failed while this one succeeded: what has been aborted has no body to send.
  const ended = inFlight.refusal ?? refusal;
  if (ended) return ended;
  const body = arrived.whole ? arrived.bytes : pipeBody(context, response, arrived.bytes, inFlight);
  if (arrived.whole) inFlight.complete();
  return clientResponse(body, response, {
    publicOrigin: settings.publicOrigin,
    originUrl,
    requestId: report.requestId,
    allowance: report.permit?.allowance ?? null,
  });
}

interface OriginAnswer {
  readonly response: Response;
  readonly arrived: ArrivedBody;
}

/** The refusal is why the request was aborted; otherwise the origin refused, reset or garbled its answer. */
async function fetchFromOrigin(
  request: Request,
  originUrl: string,
  headers: Record<string, string>,
  inFlight: InFlightRequest,
): Promise<OriginAnswer | Refusal> {
  const answer = async (): Promise<OriginAnswer> => {
    const upload = request.method === "GET" || request.method === "HEAD" ? null : request.body;
    const response = await fetch(originUrl, {
      method: request.method,
      headers,
      body: upload,
      // When the client has its answer, the platform ends the fetch itself. But while work is waited for, it has been
      // seen to end a chunked upload properly then, and the origin would take it for whole.
      signal: upload && inFlight.signal,
      redirect: "manual",
      cache: "no-store",
      encodeResponseBody: "manual",
    });
    if (response.status === 101) throw new Error("the origin changed the protocol unasked");
    inFlight.headersReceived();
    return { response, arrived: await arrivedBody(response) };
  };
  try {
    const answered = await inFlight.unlessAborted(answer());
    if (answered) return answered;
  } catch {
    // Refused, reset or garbled, unless the request was aborted before.
  }
  inFlight.complete();
  return inFlight.refusal ?? { reason: "origin_unreachable" };
}

interface ArrivedBody {
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly whole: boolean;
}

/** What has arrived of the body so far, if it is small enough to be sent in one piece. */
async function arrivedBody(response: Response): Promise<ArrivedBody> {
  if (response.body === null) return { bytes: null, whole: true };
  const length = lengthOf(response);
  if (length === null || length > SMALL_BODY_MAX_BYTES) return { bytes: null, whole: false };
  if (length === 0) return { bytes: new Uint8Array(), whole: true };

  if (length <= ONE_READ_MAX_BYTES) {
    const reader = response.body.getReader();
    const { value } = await reader.read();
    const whole = value?.byteLength === length;
    // Letting go of a reader makes an Error each time, so not when nobody will read any more.
    if (!whole) reader.releaseLock();
    return { bytes: value ?? null, whole };
  }
  const reader = response.body.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(length));
  reader.releaseLock();
  return { bytes: value ?? null, whole: value?.byteLength === length };
}

/** Pipes the rest of the body natively until it ends, breaks or the flight is ended. */
function pipeBody(
  { request, report, clock }: RequestContext,
  response: Response,
  arrived: Uint8Array | null,
  inFlight: InFlightRequest,
): ReadableStream {
  const length = lengthOf(response);
  // An identity stream, since a body handed on untouched would outlive this request's timers: the platform
  // sends it without the Worker, and nobody would be left to cut it. A fixed length breaks when it falls short.
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  inFlight.bodyStarted();
  void pump(arrived, response.body as ReadableStream, writable, inFlight.signal)
    .catch(() => {
      // A client that leaves a stream ends it, which is no fault; whatever else broke the pipe is the origin's.
      const reason = inFlight.refusal?.reason ?? (request.signal.aborted ? "client_gone" : "origin_aborted");
      if (reason !== "client_gone") logAborted(report, reason, clock.now());
    })
    .finally(() => inFlight.complete());
  return readable;
}

async function pump(
  arrived: Uint8Array | null,
  rest: ReadableStream,
  writable: WritableStream,
  signal: AbortSignal,
): Promise<void> {
  if (arrived) {
    const writer = writable.getWriter();
    const cut = () => void writer.abort(signal.reason).catch(() => {});
    signal.addEventListener("abort", cut);
    await writer.write(arrived);
    signal.removeEventListener("abort", cut);
    writer.releaseLock();
  }
  await rest.pipeTo(writable, { signal });
}

/** Chunks overrule a length that is announced beside them (RFC 9112 §6.3). */
function lengthOf(response: Response): number | null {
  if (response.headers.has("Transfer-Encoding")) return null;
  const length = response.headers.get("Content-Length");
  return length !== null && /^\d+$/.test(length) ? Number(length) : null;
}
