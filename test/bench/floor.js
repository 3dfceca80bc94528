/**
 * The floor: the cheapest Worker that keeps the gateway's promises about headers and bodies, without any check. It forwards
 * an allow-list of the client's headers with the caller's identity, gathers a small body before its headers leave, so that
 * it can still be refused, and sets the headers that the gateway sets. Each step in the way that costs least in workerd.
 */
const FORWARDED = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-length",
  "content-type",
  "if-none-match",
  "user-agent",
]);
/** Copied natively; the assertion is as long as a signed one. */
const IDENTITY = new Headers({
  "X-Octopost-Account": "acct",
  "X-Octopost-Key-Id": "key_0000000000000000000000",
  "X-Octopost-Mode": "live",
  "X-Octopost-Permissions": "all",
  "X-Octopost-Assertion": "e".repeat(430),
  "X-Forwarded-Host": "api.octopost.ink",
  "X-Forwarded-Proto": "http",
  Via: "1.1 octopost",
});
const PAST_ALL_CACHES = { cacheTtl: -1, cacheLevel: "bypass" };

export default {
  async fetch(request, env) {
    const { url, method } = request;
    const requestId = crypto.randomUUID();
    const headers = new Headers(IDENTITY);
    headers.set("X-Request-Id", requestId);
    request.headers.forEach((value, name) => {
      if (FORWARDED.has(name)) headers.set(name, value);
    });
    const origin = await fetch(env.LIVE_ORIGIN + url.slice(url.indexOf("/", 8)), {
      method,
      headers,
      body: method === "GET" ? null : request.body,
      redirect: "manual",
      cf: PAST_ALL_CACHES,
      encodeResponseBody: "manual",
    });
    const response = new Response(origin.body && (await origin.arrayBuffer()), origin);
    response.headers.delete("Transfer-Encoding");
    response.headers.set("Cache-Control", "private, no-store");
    response.headers.set("X-Request-Id", requestId);
    response.headers.set("X-RateLimit-Limit", "1000000000");
    response.headers.set("X-RateLimit-Remaining", "999999999");
    response.headers.set("X-RateLimit-Reset", "1800000000");
    response.headers.set("RateLimit-Policy", '"requests";q=1000000000;w=60');
    response.headers.set("RateLimit", '"requests";r=999999999;t=60');
    return response;
  },
};
