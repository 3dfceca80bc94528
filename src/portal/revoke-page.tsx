/** Revoking a key: a question that names it, then the ledger's receipt. */

import { keyState } from "../keys/key-state.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form, SendOrCancel } from "./form.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { Badges, permissionWords, RelativeTime } from "./shown-key.tsx";
import { toTheSecond } from "./shown-times.ts";
import { texts } from "./texts.ts";

/** The question, or the receipt when the key is revoked. */
export async function revokePage(c: PortalRequest) {
  const { operations, now } = c.env;
  const key = await operations.getKey(c.var.visit.account, c.req.param("id") ?? "");
  if (isRefusal(key)) return refuse(c, key);
  const { revoke } = texts;
  if (keyState(key, now()) === "revoked" && key.effective_at !== null) {
    return showReceipt(c, key.name, key.hint, key.effective_at);
  }
  return showPage(
    c,
    { title: revoke.title(key.name), at: "keys" },
    <Form c={c} action={paths.revoke(key.id)} class="sheet form" busy={revoke.busy}>
      <h1>{revoke.title(key.name)}</h1>
      <code>{key.hint}</code>
      <Badges of={key} now={now()} />
      <p>{permissionWords(key.permissions)}</p>
      <p>
        {revoke.explain}{" "}
        {key.last_used_at === null ? (
          revoke.notUsed
        ) : (
          <strong>
            {texts.facts.lastUsed} <RelativeTime at={key.last_used_at} now={now()} />.
          </strong>
        )}
      </p>
      <Field
        id="reason"
        label={revoke.reason}
        input={(attributes) => <input {...attributes} name="reason" maxlength={500} autocomplete="off" />}
      />
      <SendOrCancel send={revoke.submit} danger />
    </Form>,
  );
}

/** Answers when the key is dead everywhere, with the way to the receipt. */
export async function revokeKey(c: PortalRequest) {
  const { form, visit } = c.var;
  const id = c.req.param("id") ?? "";
  const reason = form.get("reason")?.trim();
  const by = { actor: visit.actor };
  const input = reason ? { reason } : {};
  const revoked = await c.env.operations.revokeKey(visit.account, id, input, by);
  // A reason that cannot be kept must not keep the key alive.
  const isReasonRefused = isRefusal(revoked) && revoked.reason === "invalid_input";
  const outcome = isReasonRefused ? await c.env.operations.revokeKey(visit.account, id, {}, by) : revoked;
  return isRefusal(outcome) ? refuse(c, outcome) : c.redirect(paths.revoke(id), 303);
}

function showReceipt(c: PortalRequest, name: string, hint: string, effectiveAt: string) {
  const { revoke } = texts;
  return showPage(
    c,
    { title: revoke.doneTitle(name), at: "keys" },
    <section class="sheet form">
      <h1>{revoke.doneTitle(name)}</h1>
      <code>{hint}</code>
      <div class="note good" role="status">
        <p>
          {revoke.since} <time datetime={effectiveAt}>{toTheSecond(effectiveAt)}</time>
        </p>
      </div>
      <p>{revoke.receipt}</p>
      <p class="hint">{revoke.undone}</p>
      <p class="actions">
        <a class="button main" href={paths.keys}>
          {revoke.toList}
        </a>
      </p>
    </section>,
  );
}
