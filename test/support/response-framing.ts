/**
 * Parses one HTTP/1.1 response from the bytes of a connection, and determines whether it was complete.
 *
 * Guarantees: nothing is normalised (names, values and order of headers are as received, latin1), body bytes exclude
 * chunk framing, and a message is complete only if its own framing says so (RFC 9112, section 6.3). A response that
 * violates the framing rules throws, because a gateway that sends one is at fault. Not supported: content codings, HTTP/2.
 */

export type Header = readonly [name: string, value: string];

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
}

/** Body bytes that arrived in one read of the socket; `at` is `performance.now()`. */
export interface Arrival {
  readonly at: number;
  readonly bytes: number;
}

const HEAD_MAX_BYTES = 1024 * 1024;
const END_OF_HEAD = "\r\n\r\n";
const NOTHING = Buffer.alloc(0);

type State = "head" | "length" | "size" | "data" | "data-end" | "trailers" | "until-close" | "complete";

export class ResponseFraming {
  head: ResponseHead | undefined;
  bodyLength = 0;
  firstByteAt: number | undefined;
  headersAt: number | undefined;
  readonly arrivals: Arrival[] = [];
  readonly #method: string;
  readonly #keepBody: boolean;
  readonly #body: Buffer[] = [];
  #state: State = "head";
  #pending: Buffer = NOTHING;
  #remaining = 0;

  /** `method` is the request's: a response to HEAD has no body, whatever its headers. */
  constructor(method: string, keepBody: boolean) {
    this.#method = method;
    this.#keepBody = keepBody;
  }

  get complete(): boolean {
    return this.#state === "complete";
  }

  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  /** Parses the bytes of one read and returns those after the end of this message. */
  push(bytes: Buffer, at: number): Buffer {
    this.firstByteAt ??= at;
    const bodyBefore = this.bodyLength;
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    this.#pending = NOTHING;
    while (!this.complete) {
      const used = this.#step(rest, at);
      if (used === undefined) {
        this.#pending = rest;
        rest = NOTHING;
        break;
      }
      rest = rest.subarray(used);
    }
    if (this.bodyLength > bodyBefore) this.arrivals.push({ at, bytes: this.bodyLength - bodyBefore });
    return rest;
  }

  /** The connection has closed. Only a body without framing is completed by that, and only by FIN. */
  close(byFin: boolean): "complete" | "aborted" {
    if (this.#state === "until-close" && byFin) this.#state = "complete";
    return this.complete ? "complete" : "aborted";
  }

  /** Consumes one element; returns its length, or undefined when it needs more bytes. */
  #step(bytes: Buffer, at: number): number | undefined {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes, at);
      case "length":
      case "data":
      case "until-close":
        return this.#readBody(bytes);
      case "size":
        return this.#readLine(bytes, (line) => this.#startChunk(line));
      case "data-end":
        return this.#readLine(bytes, (line) => {
          if (line !== "") throw malformed("chunk longer than its size", line);
          this.#state = "size";
        });
      case "trailers":
        return this.#readLine(bytes, (line) => {
          if (line === "") this.#state = "complete";
        });
      case "complete":
        return undefined;
    }
  }

  #readHead(bytes: Buffer, at: number): number | undefined {
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0) {
      if (bytes.length > HEAD_MAX_BYTES) throw malformed("head without an end", bytes.toString("latin1"));
      return undefined;
    }
    const head = parseHead(bytes.toString("latin1", 0, end));
    // An interim response (100 Continue, 103 Early Hints) precedes another head.
    if (head.status >= 200 || head.status === 101) {
      this.head = head;
      this.headersAt = at;
      this.#startBody(head);
    }
    return end + END_OF_HEAD.length;
  }

  #startBody(head: ResponseHead): void {
    const lengths = new Set(valuesOf(head, "content-length"));
    const codings = valuesOf(head, "transfer-encoding");
    if (lengths.size > 1) throw malformed("two content lengths", [...lengths].join(", "));
    if (this.#method === "HEAD" || head.status === 204 || head.status === 304) {
      this.#state = "complete";
    } else if (codings.length > 0) {
      if (lengths.size > 0) throw malformed("both a length and a transfer coding", codings.join(", "));
      if (codings.join(", ").toLowerCase() !== "chunked") throw malformed("coding", codings.join(", "));
      this.#state = "size";
    } else if (lengths.size === 1) {
      const text = [...lengths].join();
      if (!/^\d+$/.test(text)) throw malformed("content length", text);
      this.#remaining = Number(text);
      this.#state = this.#remaining === 0 ? "complete" : "length";
    } else {
      this.#state = "until-close";
    }
  }

  #startChunk(line: string): void {
    const size = line.replace(/;.*/, "").trim();
    if (!/^[0-9A-Fa-f]+$/.test(size)) throw malformed("chunk size", line);
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? "trailers" : "data";
  }

  #readBody(bytes: Buffer): number | undefined {
    if (bytes.length === 0) return undefined;
    const used = this.#state === "until-close" ? bytes.length : Math.min(bytes.length, this.#remaining);
    if (this.#keepBody) this.#body.push(bytes.subarray(0, used));
    this.bodyLength += used;
    this.#remaining -= used;
    if (this.#state === "length" && this.#remaining === 0) this.#state = "complete";
    if (this.#state === "data" && this.#remaining === 0) this.#state = "data-end";
    return used;
  }

  #readLine(bytes: Buffer, take: (line: string) => void): number | undefined {
    const end = bytes.indexOf("\r\n");
    if (end < 0) return undefined;
    take(bytes.toString("latin1", 0, end));
    return end + 2;
  }
}

/** The value of the first header of that name, case-insensitively. */
export function headerOf(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

function valuesOf(head: ResponseHead, name: string): string[] {
  return head.headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}

function parseHead(text: string): ResponseHead {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine);
  if (match === null) throw malformed("status line", statusLine);
  const headers = lines.map((line): Header => {
    const colon = line.indexOf(":");
    if (colon <= 0) throw malformed("header line", line);
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { status: Number(match[1]), reason: match[2] ?? "", headers };
}

function malformed(what: string, text: string): Error {
  return new Error(`malformed response, ${what}: ${JSON.stringify(text.slice(0, 200))}`);
}
