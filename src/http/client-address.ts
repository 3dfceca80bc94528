/**
 * The client's address as Cloudflare states it in a header that no client can set itself. Outside Cloudflare's network
 * the address is `UNKNOWN_ADDRESS`.
 */
export function clientAddress(request: Request): string {
  return request.headers.get("CF-Connecting-IP") ?? UNKNOWN_ADDRESS;
}

export const UNKNOWN_ADDRESS = "unknown";
