/**
 * How large a bundle is, and how large it may be. Sizes are those that wrangler tells and Cloudflare limits: gzip, of the
 * one module there is.
 */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

export const WORKER_MAX_KIB = 75;
/** Without the key page and the control plane: data-plane.ts. */
export const DATA_PLANE_MAX_KIB = 35;

export async function gzipBytesOf(bundle: string): Promise<number> {
  return gzipSync(await readFile(bundle)).length;
}
