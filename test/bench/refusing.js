/** The baseline for refusals: a Worker that answers every request with the same 401. */
const BODY = JSON.stringify({ error: "Invalid or expired API key", code: "unauthorized" });
const HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-store" };

export default {
  fetch() {
    return new Response(BODY, { status: 401, headers: HEADERS });
  },
};
