/**
 * The moves of a model-based test: operations on an account's keys, and how each answer changes the model. A call whose
 * answer is lost is repeated, as a careful client does, until it is answered.
 *
 * A move reads the model when it starts. Its answer is checked when all moves of its round have ended, since concurrent
 * moves affect it.
 */

import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect } from "vitest";
import type { Account } from "../../control/account.ts";
import type { ControlAnswer } from "../../support/control-client.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { KeyModel, ModelKey } from "./key-model.ts";

export interface Owner {
  readonly account: Account;
  readonly model: KeyModel;
}

export interface Round {
  readonly cluster: GatewayCluster;
  /** Whether stores may fail during the round. */
  readonly faulty: boolean;
  /** Whether a move of the round revokes all keys. */
  readonly revokesAll: boolean;
  /** Run when all moves have ended. */
  readonly checks: (() => void)[];
}

export type Move =
  | { readonly kind: "create"; readonly mode: "live" | "test"; readonly permissions: readonly string[] }
  | { readonly kind: "import"; readonly mode: "live" | "test" }
  | { readonly kind: "import again" | "revoke" | "show" | "use" | "rename"; readonly key: number }
  | { readonly kind: "rotate"; readonly key: number; readonly overlap: 0 | 3600 }
  | { readonly kind: "reschedule"; readonly key: number; readonly end: string | null }
  | { readonly kind: "revoke all"; readonly mode: "live" | "test" | undefined }
  | { readonly kind: "tier" };

const mode = fc.constantFrom("live" as const, "test" as const);
const key = fc.nat({ max: 9 });

export const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      mode,
      permissions: fc.constantFrom([], ["posts:read"], ["webhooks:read"]),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("import" as const), mode }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "import again" as const,
        "revoke" as const,
        "show" as const,
        "use" as const,
        "use" as const,
        "rename" as const,
      ),
      key,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("rotate" as const),
      key,
      overlap: fc.constantFrom(0 as const, 3600 as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("reschedule" as const),
      key,
      end: fc.constantFrom(null, "2099-01-01T00:00:00.000Z"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("revoke all" as const),
      mode: fc.option(mode, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tier" as const) }) },
);

/** More than the faults of any round can fail. */
const ATTEMPTS_MAX = 40;

export async function make(move: Move, owner: Owner, round: Round): Promise<void> {
  switch (move.kind) {
    case "create":
      return await create(owner, round, move);
    case "import":
      return await importOne(owner, round, move.mode);
    case "revoke all":
      return await revokeAll(owner, move.mode);
    case "tier": {
      await insist(() => owner.account.call("PUT", "", { tier: "pro" }), 200);
      return owner.model.happenedOnce("tier_changed", null);
    }
  }
  const { keys } = owner.model;
  const key = keys[move.key % Math.max(keys.length, 1)];
  if (!key) return;
  switch (move.kind) {
    case "import again":
      return await importAgain(owner, round, key);
    case "rename": {
      const name = randomUUID();
      key.names.add(name);
      const { repeats } = await insist(() => owner.account.call("PATCH", `/keys/${key.id}`, { name }), 200);
      return owner.model.happened("renamed", key.id, repeats);
    }
    case "revoke":
      await insist(() => owner.account.call("POST", `/keys/${key.id}/revoke`), 200);
      return owner.model.kill(key);
    case "show": {
      const options = { token: null };
      await insist(() => round.cluster.control("POST", "/revoke", { secret: key.secret }, options), 200);
      return owner.model.kill(key);
    }
    case "use":
      return await use(owner, round, key);
    case "rotate":
      return await rotate(owner, round, key, move.overlap);
    case "reschedule":
      return await reschedule(owner, round, key, move.end);
  }
}

async function create(
  { account, model }: Owner,
  round: Round,
  { mode, permissions }: Move & { kind: "create" },
): Promise<void> {
  const { json } = await insist(once(account, "/keys", { name: "a key", mode, permissions }), 201);
  model.add(json, json.secret, "created", round.revokesAll ? "unsure" : "alive");
}

async function rotate(
  { account, model }: Owner,
  round: Round,
  key: ModelKey,
  overlap_seconds: number,
): Promise<void> {
  const { fate, successor: before } = key;
  const { status, json } = await insist(
    once(account, `/keys/${key.id}/rotate`, { overlap_seconds }),
    201,
    409,
  );
  round.checks.push(() => {
    const isCancelled = key.ends.has(null);
    if (before?.fate === "alive" && !isCancelled) expect(status, `${key.id} has a successor`).toBe(409);
    else if (key.successor === null || status === 201) expectFits(status, 201, fate, key);
  });
  if (status === 409) return;
  key.successor = model.add(json, json.secret, "created", round.revokesAll ? "unsure" : "alive");
  if (overlap_seconds === 0) return model.kill(key);
  model.happened("rotated", key.id);
  key.ends.add(json.replaces.revokes_at);
}

async function reschedule(
  { account, model }: Owner,
  round: Round,
  key: ModelKey,
  end: string | null,
): Promise<void> {
  const { fate } = key;
  // No event for an end that the key has already.
  const isChange = !key.ends.has(end);
  key.ends.add(end);
  const { status, repeats } = await insist(
    () => account.call("PATCH", `/keys/${key.id}`, { revokes_at: end }),
    200,
    409,
  );
  round.checks.push(() => expectFits(status, 200, fate, key));
  // A call that was carried out and whose answer was lost may get 409 when repeated.
  if (status === 200 && isChange) model.happened("rescheduled", key.id, repeats);
  else if (status === 200) model.allow("rescheduled", key.id, 1 + repeats);
  else model.allow("rescheduled", key.id, repeats);
}

async function revokeAll({ account, model }: Owner, mode: string | undefined): Promise<void> {
  const matching = model.keys.filter((key) => mode === undefined || key.mode === mode);
  const known = model.keys.length > 0;
  const { status } = await insist(() => account.call("POST", "/revoke-all", { mode }), 200, 404);
  if (known) expect(status).toBe(200);
  for (const key of matching) model.kill(key);
}

async function importOne({ account, model }: Owner, round: Round, mode: "live" | "test"): Promise<void> {
  const secret = `oct_${mode}_${randomUUID()}`;
  const row = { sha256: sha256(secret), name: "an old key", mode };
  const { id, error } = await verdict(account, row);
  // A creation that failed is cleaned up later; until then it is no key.
  if (id === undefined)
    expect([round.faulty || round.revokesAll, error]).toEqual([true, "store_unreachable"]);
  else {
    const shown = { id, mode, permissions: [], name: "an old key", revokes_at: null };
    model.add(shown, secret, "imported", round.revokesAll ? "unsure" : "alive");
  }
}

async function importAgain({ account }: Owner, round: Round, key: ModelKey): Promise<void> {
  const { id, error } = await verdict(account, { sha256: sha256(key.secret), name: "again", mode: key.mode });
  if (id === undefined) expect([round.faulty, error]).toEqual([true, "store_unreachable"]);
  else expect(id).toBe(key.id);
}

async function use({ account }: Owner, round: Round, key: ModelKey): Promise<void> {
  const { fate } = key;
  const status = await account.statusOf(key.secret);
  round.checks.push(() => {
    if (round.faulty && status === 503) return;
    const good = mayRead(key, "posts") ? 200 : 403;
    if (fate === "dead") expect(status, "a dead key").toBe(401);
    else if (key.fate === "alive") expect(status, "a live key").toBe(good);
    else expect([401, good]).toContain(status);
  });
}

export function mayRead({ permissions }: ModelKey, what: string): boolean {
  return permissions.length === 0 || permissions.includes(`${what}:read`);
}

/** A live key must have been served, a revoked one refused; one revoked meanwhile may have been either. */
function expectFits(status: number, good: number, before: ModelKey["fate"], key: ModelKey): void {
  if (before === "dead") expect(status, `a call on the dead key ${key.id}`).toBe(409);
  else if (key.fate === "alive") expect(status, `a call on the live key ${key.id}`).toBe(good);
}

async function verdict(account: Account, row: object): Promise<{ id?: string; error?: string }> {
  for (let attempt = 1; ; attempt++) {
    const { json } = await account.call("POST", "/keys/import", { keys: [row] });
    if (json.keys[0].error !== "ledger_unreachable") return json.keys[0];
    expect(attempt).toBeLessThan(ATTEMPTS_MAX);
  }
}

/** A call under an Idempotency-Key of its own. */
function once(account: Account, path: string, body: object): () => Promise<ControlAnswer> {
  const headers = [["Idempotency-Key", randomUUID()]] as const;
  return () => account.call("POST", path, body, { headers });
}

/** Repeats the call until its answer has one of the statuses; returns the number of repeats. */
async function insist(
  call: () => Promise<ControlAnswer>,
  ...statuses: number[]
): Promise<ControlAnswer & { repeats: number }> {
  for (let repeats = 0; ; repeats++) {
    const answer = await call();
    const inProgress = answer.status === 409 && /in progress/.test(answer.json.error);
    if (statuses.includes(answer.status) && !inProgress) return { ...answer, repeats };
    expect([503, 409], answer.response.body.toString()).toContain(answer.status);
    expect(repeats, "attempts").toBeLessThan(ATTEMPTS_MAX);
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
