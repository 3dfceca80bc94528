/**
 * The floor: a Worker without checks that does what any gateway must that filters headers and may have to abort a body. It
 * copies the headers of both directions, adds as many as the gateway does, and reads a small body itself.
 */
const FORWARDED = new Set(["accept", "accept-encoding", "content-type", "content-length", "user-agent"]);
const ADDED = {
  "X-Octopost-Account": "acct",
  "X-Octopost-Key-Id": "key_0000000000000000000000",
  "X-Octopost-Mode": "live",
  "X-Octopost-Permissions": "all",
  // As long as a signed one.
  "X-Octopost-Assertion": "e".repeat(430),
  "X-Request-Id": "00000000-0000-0000-0000-000000000000",
  "X-Forwarded-Host": "api.octopost.ink",
  "X-Forwarded-Proto": "http",
  Via: "1.1 octopost",
};
const ADDED_TO_RESPONSE = {
  "cache-control": "private, no-store",
  "x-request-id": "00000000-0000-0000-0000-000000000000",
  "X-RateLimit-Limit": "1000000000",
  "X-RateLimit-Remaining": "999999999",
  "X-RateLimit-Reset": "1800000000",
  "RateLimit-Policy": '"requests";q=1000000000;w=60',
  RateLimit: '"requests";r=999999999;t=60',
};

export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const headers = {};
    request.headers.forEach((value, name) => {
      if (FORWARDED.has(name)) headers[name] = value;
    });
    const response = await fetch(env.LIVE_ORIGIN + pathname + search, {
      method: request.method,
      headers: Object.assign(headers, ADDED),
      body: request.body,
      redirect: "manual",
      cache: "no-store",
    });
    const responseHeaders = {};
    response.headers.forEach((value, name) => {
      responseHeaders[name] = value;
    });
    const reader = response.body.getReader();
    const { value } = await reader.read();
    return new Response(value, {
      status: response.status,
      headers: Object.assign(responseHeaders, ADDED_TO_RESPONSE),
    });
  },
};
