/** The responses on an attack's connection. Pure. */
import { ResponseFraming, type ResponseHead } from "../../support/response-framing.ts";

export interface ResponseRecord extends ResponseHead {
  readonly body: string;
}

const REQUEST_LINE = /^([A-Z]+) \S+ HTTP\/1\.1\r$/gm;

/** Every response on a connection; `sent` tells the method that each one answers. */
export function responsesIn(received: Buffer, sent: Buffer): ResponseRecord[] {
  const methods = [...sent.toString("latin1").matchAll(REQUEST_LINE)].map(([, method]) => method as string);
  const responses: ResponseRecord[] = [];
  let rest = received;
  while (rest.length > 0) {
    const framing = new ResponseFraming(methods[responses.length] ?? "GET", true);
    rest = framing.push(rest, 0);
    const head = framing.head ?? { status: 0, reason: "", headers: [] };
    responses.push({ ...head, body: framing.body.toString("latin1") });
  }
  return responses;
}
