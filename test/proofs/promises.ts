/** What the gateway promises, one line each. Each has mutants that break it; a proof or a test detects them. */
export const PROMISES = {
  G1: "no request that starts after a restriction is answered succeeds, on any isolate",
  G2: "no request in flight succeeds, if its response headers have not left when the restriction is answered",
  G3: "no byte of a response body leaves after that; the body is aborted, never ended as if complete",
  revoke: "`revoke` is answered when it is durable and no lease on the key is in use",
  "revoke-all": "`revoke-all` is answered when no lease on a key that matches is in use",
  possession: "a client that has a key can revoke it",
  tombstone: "a revoked key stays revoked",
  receipt: "`effective_at`, `waited_ms` and `lease_bound_ms` are true, and the same when a call is repeated",
  suspend: "a suspended key is refused everywhere once the call is answered",
  "suspend the account": "all keys of a suspended account are refused everywhere once the call is answered",
  "remove permissions": "no request uses a permission that was taken away, in flight or not",
  "narrow the key's addresses": "a key works from the addresses that its list allows now",
  "narrow the account's addresses":
    "the keys of an account work from the addresses that the account's list allows now",
  "lower limit":
    "a lower limit applies in the window in which it is set, and refuses no request that was admitted",
  "sooner end": "no request succeeds after `expires_at` or `revokes_at`",
  undone: "a restriction that is undone refuses nothing",
  "not above the limit": "no more requests are admitted in a window than the limit, over all isolates",
  "not above the account's limit":
    "no more requests are admitted than the limit that the keys of an account share",
  "not below the limit":
    "a client that sends one request after another is not refused before the limit is used up",
  "advertised limit": "`X-RateLimit-Remaining` does not grow within a window, on one isolate",
  "no wait": "a key in use does not wait for its ledger",
  "few calls": "a key costs no more ledger calls than its leases and permits need",
  availability: "no lost message, paused request or clock refuses a request that is allowed",
  "whole answers": "a client gets a whole answer or its refusal, never an empty reply",
  paths: "the path that is judged is the path that is sent, byte for byte",
  "one Bearer token": "a key is exactly one Bearer token in `Authorization`",
  permissions:
    "a request is forwarded only if a row of the policy table allows its method and path to its key",
  "live and test": "a test key reaches the sandbox only, and no endpoint that is live only",
  identity: "only the gateway sets the caller's identity that the origin receives",
  responses: "a response is private, and carries nothing of the origin's connection or address",
  hosts: "the control plane and the API answer on their own hosts only",
  "control credentials": "the control plane does nothing without a credential of its own",
  "own account": "an account reaches its own keys only",
  rights: "a credential does what its rights say, in its own accounts",
  guesses: "a made-up key costs no store a call, and guesses are throttled",
  "one refusal": "every bad credential gets the same answer",
  "stores agree": "a KV entry that contradicts the ledger opens nothing",
  outages: "a store that cannot be reached refuses with 503: no good key is called bad",
  settings: "nothing is served with a setting that is missing or malformed",
  assertion: "the origin can verify who calls, for a minute",
  idempotency: "a call that is repeated is carried out once",
  "event log": "every change is an event",
  webhooks: "every event is delivered, or reported as lost",
  receiver:
    "a message goes to `EVENTS_URL` alone, and an answer can accept it or refuse it, and nothing else",
  reminders: "a key that expires or grows old is reported ahead",
  alerts: "a key that GitHub finds in public is revoked, and only on GitHub's word",
  "stored text":
    "no stored name, label or reason controls a terminal or changes the order in which it is read",
  "key page": "a link opens one session, and only its own page changes anything",
  secrets: "no text of a key reaches an origin, a log, or a store",
} as const;

export type PromiseName = keyof typeof PROMISES;
