/** Hosts in URLs and in the `Host` header. */

/**
 * A name or an address, with an optional port. The platform builds the request's URL from the `Host` header, so any
 * other character in it could change the path.
 */
export const PLAIN_HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?$/;

/** Whether a URL's hostname is loopback, where plain HTTP is as private as HTTPS. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
