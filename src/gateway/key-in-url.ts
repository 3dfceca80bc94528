/**
 * Finds API keys in URLs (RFC 6750 §2.3): a URL ends up in logs, histories and `Referer`, on the origin's side too.
 *
 * Sees what the platform leaves of the target: it strips a fragment and user information before the Worker runs. Pure.
 */
import { containsKey } from "../keys/key-text.ts";

/** Enough for a text that was encoded twice, with each of its parts encoded once more. */
const DECODINGS = 3;
/** Any number of nested encodings, such as `%25255F`. */
const ENCODED = /%(?:25)*([0-9a-f]{2})/gi;

/** Whether a key stands anywhere in the URL, plain or percent-encoded (RFC 6750 §2.3). */
export function hasKeyInUrl(url: string): boolean {
  let text = url;
  if (containsKey(text)) return true;
  for (let decoding = 0; decoding < DECODINGS && text.includes("%"); decoding++) {
    text = text.replace(ENCODED, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
    if (containsKey(text)) return true;
  }
  return false;
}
