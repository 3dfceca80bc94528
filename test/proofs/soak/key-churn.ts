/** Creates keys during a soak and ends them in every way: revoked by id, by text, by an alert, all at once, rotated. */
import { setTimeout as pause } from "node:timers/promises";
import { acknowledged, acknowledgedWithoutToken } from "./control-calls.ts";
import { KeyTerms } from "./key-terms.ts";
import { visitKeyPage } from "./page-visit.ts";
import type { SoakAccount, SoakContext, SoakKey } from "./soak-context.ts";
import { changeTerms } from "./terms-churn.ts";

const KEYS_IN_USE = 36;
const PAUSE_MS = 60;
/** How long an ended key stays in use. */
const USED_AFTER_END_MS = 3000;

/** Creates keys until KEYS_IN_USE exist. */
export async function createInitialKeys(context: SoakContext): Promise<void> {
  for (let i = 0; context.keys.length < KEYS_IN_USE; i++) {
    await createKey(context, context.accounts[i % context.accounts.length] as SoakAccount);
  }
}

/** Makes one change after another until the soak is over. */
export async function churnKeys(context: SoakContext): Promise<void> {
  const { accounts, random } = context;
  while (!context.isOver()) {
    const free = accounts.filter(({ isBusy }) => !isBusy);
    if (free.length > 0) {
      const account = random.pick(free);
      account.isBusy = true;
      await changeOnce(context, account);
      account.isBusy = false;
    }
    dropEndedKeys(context);
    await pause(PAUSE_MS);
  }
}

const activeKeys = ({ keys }: SoakContext, account?: SoakAccount): SoakKey[] =>
  keys.filter((key) => key.endedAt === undefined && (!account || key.account === account.name));

async function changeOnce(context: SoakContext, account: SoakAccount): Promise<void> {
  const { random } = context;
  if (activeKeys(context).length < KEYS_IN_USE) {
    if (random.chance(0.2)) {
      const secret = await visitKeyPage(context, account);
      if (secret) addKey(context, account, secret);
    } else await createKey(context, account);
    return;
  }
  const keys = activeKeys(context, account);
  if (keys.length === 0) return;
  const key = random.pick(keys);
  if (random.chance(0.6)) await changeTerms(context, account, key);
  else if (random.chance(0.03)) await revokeAll(context, account, keys);
  else if (random.chance(0.3)) await rotate(context, account, key);
  else await end(context, key);
}

function addKey(
  { keys }: SoakContext,
  account: SoakAccount,
  { id, secret, mode }: { id: string; secret: string; mode: "live" | "test" },
): void {
  keys.push({ id, secret, account: account.name, terms: new KeyTerms(mode, account.terms) });
}

async function createKey(context: SoakContext, account: SoakAccount): Promise<void> {
  const mode = context.random.chance(0.3) ? "test" : "live";
  const headers = [["Idempotency-Key", `create-${context.random.next()}`]] as const;
  const path = `/accounts/${account.name}/keys`;
  const { json, actor } = await acknowledged(context, "POST", path, { name: "soak", mode }, headers);
  addKey(context, account, json);
  context.events.add(account.name, "created", json.id, actor);
}

async function rotate(context: SoakContext, account: SoakAccount, key: SoakKey): Promise<void> {
  const headers = [["Idempotency-Key", `rotate-${context.random.next()}`]] as const;
  const change = key.terms.hasEnded.change(true);
  const path = `/accounts/${account.name}/keys/${key.id}/rotate`;
  const { json, actor, answeredAt } = await acknowledged(
    context,
    "POST",
    path,
    { overlap_seconds: 0 },
    headers,
  );
  change.answered(answeredAt, true);
  key.endedAt = answeredAt;
  addKey(context, account, json);
  context.events.add(account.name, "created", json.id, actor);
  context.events.add(account.name, "revoked", key.id, actor);
}

/** By its id, by its text, or by GitHub's alert. */
async function end(context: SoakContext, key: SoakKey): Promise<void> {
  const { events, github, random } = context;
  const { account, id, secret } = key;
  const change = key.terms.hasEnded.change(true);
  const way = random.whole(0, 2);
  let answeredAt: number;
  if (way === 0) {
    const answer = await acknowledged(context, "POST", `/accounts/${account}/keys/${id}/revoke`, {});
    events.add(account, "revoked", id, answer.actor);
    answeredAt = answer.answeredAt;
  } else if (way === 1) {
    ({ answeredAt } = await acknowledgedWithoutToken(context, "/revoke", { secret }));
    events.add(account, "revoked", id, "possession");
  } else {
    const { body, headers } = github.signed([{ token: secret, url: `https://github.com/octocat/${id}` }]);
    const path = "/secret-scanning/github";
    const own = headers.filter(([name]) => name !== "Content-Type");
    const answer = await acknowledgedWithoutToken(context, path, body, own);
    if (answer.json[0]?.label !== "true_positive")
      context.results.violations.push(`an alert about ${id} was not believed`);
    events.add(account, "exposed", id, "github");
    events.add(account, "revoked", id, "github");
    answeredAt = answer.answeredAt;
  }
  change.answered(answeredAt, true);
  key.endedAt = answeredAt;
}

async function revokeAll(
  context: SoakContext,
  account: SoakAccount,
  keys: readonly SoakKey[],
): Promise<void> {
  const mode = context.random.pick(["live", "test"] as const);
  const matching = keys.filter(({ terms }) => terms.mode === mode);
  const changes = matching.map(({ terms }) => terms.hasEnded.change(true));
  const path = `/accounts/${account.name}/revoke-all`;
  const { answeredAt, actor } = await acknowledged(context, "POST", path, { mode });
  for (const change of changes) change.answered(answeredAt, true);
  for (const key of matching) {
    key.endedAt = answeredAt;
    context.events.add(account.name, "revoked", key.id, actor);
  }
}

function dropEndedKeys({ keys }: SoakContext): void {
  const before = performance.now() - USED_AFTER_END_MS;
  const kept = keys.filter(({ endedAt }) => endedAt === undefined || endedAt > before);
  keys.splice(0, keys.length, ...kept);
}
