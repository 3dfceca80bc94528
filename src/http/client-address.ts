/**
 * The client's address, as Cloudflare states it: it sets this header itself and overwrites what a client
 * sends. Outside its network (on this machine) the address is not known.
 */
export function clientAddress(request: Request): string {
  return request.headers.get("CF-Connecting-IP") ?? UNKNOWN_ADDRESS;
}

export const UNKNOWN_ADDRESS = "unknown";
