/**
 * The size of a bundle and its limits: gzip of the single module, as reported by wrangler and limited by Cloudflare.
 */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

/** 3 KiB of it: the key page names every problem of a form at once, confirms a suspension and explains what it counts. */
export const WORKER_MAX_KIB = 115;
/** Without the key page and the control plane: build-data-plane.ts. */
export const DATA_PLANE_MAX_KIB = 52;

export async function gzipBytesOf(bundle: string): Promise<number> {
  return gzipSync(await readFile(bundle)).length;
}
