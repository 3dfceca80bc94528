// The HTTP proxy of the environment: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, except for the hosts in NO_PROXY.
//
// Guarantees that a gateway on this machine is never called through a proxy, since its token is sent unencrypted there,
// and that the credentials in a proxy's URL are not printed.

import http from "node:http";
import { isLocal } from "./connection.ts";
import { UsageError } from "./errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface HttpProxy {
  /** The variable that names it. */
  readonly variable: string;
  readonly url: URL;
}

/** In the order of curl. The gateway is called over https only, unless it is on this machine. */
const VARIABLES = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];

/** null: no proxy is set, or it does not apply to this gateway. NO_PROXY is applied by Node. */
export function proxyOf(origin: string, environment: Environment): HttpProxy | null {
  if (isLocal(origin)) return null;
  const variable = VARIABLES.find((name) => environment[name]);
  if (variable === undefined) return null;
  const text = environment[variable] as string;
  // Like curl, accepts host:port.
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw new UsageError(`${variable} is not the URL of an HTTP proxy: use http://host:port`);
  }
  return { variable, url };
}

/** Node ignores an empty configuration, so that a proxy of NODE_USE_ENV_PROXY would stay in use. */
const NO_PROXY_AT_ALL = { HTTP_PROXY: "http://127.0.0.1", HTTPS_PROXY: "http://127.0.0.1", NO_PROXY: "*" };

/** Applies to every later `fetch` of this process. null: every host is called directly. */
export function useProxy(proxy: HttpProxy | null, environment: Environment): void {
  const noProxy = environment.no_proxy ?? environment.NO_PROXY;
  http.setGlobalProxyFromEnv(
    proxy === null ? NO_PROXY_AT_ALL : { HTTPS_PROXY: proxy.url.href, ...(noProxy && { NO_PROXY: noProxy }) },
  );
}
