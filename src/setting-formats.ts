/** The formats of settings: what a variable or a secret may look like. Pure. */
import * as v from "valibot";
import { TOKEN_TEXT } from "./http/header-text.ts";
import { isLoopback } from "./http/host.ts";

const text = v.pipe(v.string(), v.minLength(1));
export const secret = v.pipe(v.string(), v.minLength(16));
export const token = v.pipe(v.string(), v.minLength(16), v.regex(TOKEN_TEXT));

/** A var may arrive as a number (`wrangler.toml`) or as its digits (`--var`). */
export function wholeNumber(min: number, max: number) {
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number))]),
    v.integer(),
    v.minValue(min),
    v.maxValue(max),
  );
}

/** From 0 to 1. */
export const fraction = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^[01](?:\.\d+)?$/), v.transform(Number))]),
  v.minValue(0),
  v.maxValue(1),
);

/** `scheme://host[:port]`, without path, query or credentials; plain http on loopback only. */
export const origin = v.pipe(
  text,
  v.check((value) => {
    const url = URL.parse(value);
    if (!url || !isSecure(url) || url.pathname !== "/" || url.search) return false;
    // With a trailing dot it is the same host under a second name.
    return !url.hostname.endsWith(".");
  }),
  v.transform((value) => new URL(value).origin),
);

/** `name[:port]`. With a trailing dot it would be the same host under a second name. */
export const host = v.pipe(text, v.regex(/^[a-z0-9.-]*[a-z0-9-](?::\d+)?$/), v.check(isParsedUnchanged));

function isParsedUnchanged(host: string): boolean {
  return URL.parse(`http://${host}`)?.host === host && URL.parse(`https://${host}`)?.host === host;
}

/** An address of a page or a service: https, or plain http on loopback. */
export const address = v.pipe(
  text,
  v.check((value) => {
    const url = URL.parse(value);
    return url !== null && isSecure(url);
  }),
  v.transform((value) => new URL(value).href),
);

/** https, or plain http on loopback; without credentials and fragment. */
function isSecure({ protocol, hostname, hash, username, password }: URL): boolean {
  if (hash || username || password) return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/** Hosts, separated by spaces or commas. */
export const hosts = v.pipe(
  text,
  v.transform((value) => value.split(/[\s,]+/).filter((one) => one !== "")),
  v.array(host),
);

/** An optional setting may be absent or empty; both are null. */
export function optional<Schema extends v.GenericSchema<string, unknown> | ReturnType<typeof wholeNumber>>(
  schema: Schema,
) {
  const empty = v.pipe(
    v.literal(""),
    v.transform(() => null),
  );
  return v.optional(v.union([empty, schema]), "");
}

/** A binding, recognised by one of its methods. */
export const has = (method: string) =>
  v.custom<object>((value) => typeof (value as Record<string, unknown> | undefined)?.[method] === "function");
