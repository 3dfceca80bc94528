/**
 * The client's address as Cloudflare states it: it sets this header and overwrites a client's own. Outside its network
 * the address is unknown.
 */
export function clientAddress(request: Request): string {
  return request.headers.get("CF-Connecting-IP") ?? UNKNOWN_ADDRESS;
}

export const UNKNOWN_ADDRESS = "unknown";
