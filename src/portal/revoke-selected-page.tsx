/** Revokes several keys at once: a confirmation that names each, then a receipt for each. */
import pMap from "p-map";
import { revokeKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { KEY_ID_FORMAT } from "../keys/key-record.ts";
import { logRefusal } from "../log.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Form, SubmitOrCancel } from "./form.tsx";
import { formatSecond } from "./format-time.ts";
import { LastUsed } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** More than a page of the list. */
const SELECTED_MAX = 50;
const CALLS_AT_ONCE = 5;

export async function revokeSelectedPage(c: PortalRequest) {
  const ids = selectedIds(c.req.queries("id") ?? []);
  if (ids.length === 0) return c.redirect(paths.keys, 303);
  const keys = await pMap(ids, (id) => loadKey(c, id), { concurrency: CALLS_AT_ONCE });
  const refusal = keys.find(isRefusal);
  if (refusal) return refuse(c, refusal);
  const now = c.env.now();
  const valid = (keys as ApiKey[]).filter((key) => key.state !== "revoked");
  if (valid.length === 0) return await showReceipts(c, ids);
  const { revoke, revokeSelected } = texts;
  const title = revokeSelected.title(valid.length);
  const revokedCount = keys.length - valid.length;
  return showPage(
    c,
    { title, nav: "keys" },
    <Form c={c} action={paths.revokeSelected} class="sheet form" busy={revoke.busy}>
      <h1>{title}</h1>
      {revokedCount > 0 && (
        <p class="note" role="status">
          {revokeSelected.alreadyRevoked(revokedCount)}
        </p>
      )}
      <p>{revokeSelected.explain}</p>
      <ul class="selected">
        {valid.map((key) => (
          <li>
            <input type="hidden" name="id" value={key.id} />
            <strong>{key.name}</strong> <code>{key.hint}</code>{" "}
            <span class="hint">
              {texts.facts.lastUsed}: <LastUsed of={key} now={now} />
            </span>
          </li>
        ))}
      </ul>
      <SubmitOrCancel submit={revokeSelected.submit(valid.length)} danger />
    </Form>,
  );
}

/** Answers once every key is revoked everywhere. The next page asks again for a key that could not be revoked. */
export async function revokeSelected(c: PortalRequest) {
  const ids = selectedIds(c.var.form.getAll("id"));
  const outcomes = await pMap(ids, (id) => perform(c, revokeKey, { id, body: {} }), {
    concurrency: CALLS_AT_ONCE,
  });
  const refusals = outcomes.filter((one): one is Refusal => isRefusal(one));
  const [refusal] = refusals;
  if (refusal && refusals.length === outcomes.length) return refuse(c, refusal);
  for (const one of refusals) logRefusal(c.env.requestId, c.req.method, one);
  return c.redirect(`${paths.revokeSelected}?${new URLSearchParams(ids.map((id) => ["id", id]))}`, 303);
}

function selectedIds(values: readonly string[]): readonly string[] {
  return [...new Set(values)].filter((id) => KEY_ID_FORMAT.test(id)).slice(0, SELECTED_MAX);
}

async function showReceipts(c: PortalRequest, ids: readonly string[]) {
  // Revoking a key again changes nothing and returns its receipt.
  const receipts = await pMap(ids, (id) => perform(c, revokeKey, { id, body: {} }), {
    concurrency: CALLS_AT_ONCE,
  });
  const refusal = receipts.find((one): one is Refusal => isRefusal(one));
  if (refusal) return refuse(c, refusal);
  const { revoke, revokeSelected } = texts;
  const title = revokeSelected.done(receipts.length);
  return showPage(
    c,
    { title, nav: "keys" },
    <section class="sheet form">
      <h1>{title}</h1>
      <div role="status">
        <ul class="selected">
          {receipts.map(
            (key) =>
              !isRefusal(key) && (
                <li>
                  <a href={paths.key(key.id)}>{key.name}</a> <code>{key.hint}</code>{" "}
                  <span>
                    {revoke.since} <time datetime={key.effective_at}>{formatSecond(key.effective_at)}</time>
                  </span>
                </li>
              ),
          )}
        </ul>
      </div>
      <p>{revokeSelected.receipt}</p>
      <p class="actions">
        <a class="button main" href={paths.keys}>
          {texts.toKeys}
        </a>
      </p>
    </section>,
  );
}
