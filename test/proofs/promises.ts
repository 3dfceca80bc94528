/** What the gateway promises, one line each. Every promise has mutants that break it, and proofs that detect them. */
export const PROMISES = {
  G1: "no request that starts after a restriction was answered succeeds, on any isolate",
  G2: "nor one that was in flight, if its response headers had not left",
  G3: "nor does a byte of a response body leave; the body is aborted, never ended as if complete",
  revoke: "`revoke` is answered when it is durable and no lease on the key is in use",
  tombstone: "a revoked key stays revoked",
  receipt: "`effective_at`, `waited_ms` and `lease_bound_ms` are true, and the same when a call is repeated",
  suspend: "a suspended key is refused everywhere once the call is answered",
  "suspend the account": "so are all keys of a suspended account",
  "remove permissions": "a permission that was taken away is not used, by a request in flight neither",
  "narrow the key's addresses": "a key is used from the addresses that are allowed now",
  "narrow the account's addresses": "so are all keys of the account",
  "lower limit":
    "a lower limit applies in the window in which it is set, and refuses no request that was admitted",
  "sooner end": "no request succeeds after `expires_at` or `revokes_at`",
  undone: "a restriction that is undone refuses nothing",
  "not above the limit": "no more requests are admitted in a window than the limit, over all isolates",
  "not above the account's limit": "nor more than the limit that the keys of an account have together",
  "not below the limit":
    "a client that sends one request after another is not refused before the limit is used up",
  "advertised limit": "`X-RateLimit-Remaining` does not grow within a window, on one isolate",
  "no wait": "a key in use does not wait for its ledger",
  "few calls": "nor does it cost more calls than leases and permits need",
  availability: "no lost message, paused request or clock refuses a request that is allowed",
} as const;

export type PromiseName = keyof typeof PROMISES;
