/** Revokes a key: a confirmation that names it, then the receipt with the ledger's `effective_at`. */

import { revokeKey as revokeKeyOperation } from "../control/operations/keys.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Field, Form, SubmitOrCancel } from "./form.tsx";
import { formatSecond } from "./format-time.ts";
import { Badges, isAccepted, LastUse } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { ListField, listBefore, listPageBefore, pageBefore } from "./list-return.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** The confirmation, or the receipt of a key that is revoked. */
export async function revokePage(c: PortalRequest) {
  const { now } = c.env;
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  const { revoke } = texts;
  if (key.state === "revoked") {
    // Revoking it again changes nothing, and returns its receipt.
    const receipt = await perform(c, revokeKeyOperation, { id: key.id, body: {} });
    if (isRefusal(receipt)) return refuse(c, receipt);
    return showReceipt(c, key.name, key.hint, receipt.effective_at);
  }
  return showPage(
    c,
    { title: revoke.title(key.name), nav: "keys" },
    <Form c={c} action={paths.revoke(key.id)} class="sheet form" busy={revoke.busy}>
      <h1>{revoke.title(key.name)}</h1>
      <code>{key.hint}</code>
      <Badges of={key} now={now()} />
      <p>{permissionText(key.permissions)}</p>
      <p>
        {revoke.explain} <LastUse of={key} now={now()} />
      </p>
      {isAccepted(key) && (
        <p>
          {revoke.rotate} <a href={paths.rotate(key.id)}>{revoke.rotateLink}</a>: {revoke.rotateHint}
        </p>
      )}
      <Field
        id="reason"
        label={revoke.reason}
        input={(attributes) => <input {...attributes} name="reason" maxlength={500} autocomplete="off" />}
      />
      <ListField c={c} />
      <SubmitOrCancel submit={revoke.submit} danger back={pageBefore(c, key.id)} />
    </Form>,
  );
}

/** Answers once the key is revoked everywhere, with a redirect to the receipt. */
export async function revokeKey(c: PortalRequest) {
  const id = c.req.param("id") ?? "";
  const reason = c.var.form.get("reason")?.trim();
  const revoked = await perform(c, revokeKeyOperation, { id, body: reason ? { reason } : {} });
  // A reason that is refused must not prevent the revocation.
  const isReasonRefused = isRefusal(revoked) && revoked.reason === "invalid_input";
  const outcome = isReasonRefused ? await perform(c, revokeKeyOperation, { id, body: {} }) : revoked;
  return isRefusal(outcome) ? refuse(c, outcome) : c.redirect(receiptPath(c, id), 303);
}

function receiptPath(c: PortalRequest, id: string): string {
  const list = listBefore(c);
  return list === undefined ? paths.revoke(id) : `${paths.revoke(id)}?${new URLSearchParams({ list })}`;
}

function showReceipt(c: PortalRequest, name: string, hint: string, effectiveAt: string) {
  const { revoke } = texts;
  return showPage(
    c,
    { title: revoke.doneTitle(name), nav: "keys" },
    <section class="sheet form">
      <h1>{revoke.doneTitle(name)}</h1>
      <code>{hint}</code>
      <div class="note good" role="status">
        <p>
          {revoke.since} <time datetime={effectiveAt}>{formatSecond(effectiveAt)}</time>
        </p>
      </div>
      <p>{revoke.receipt}</p>
      <p class="hint">{revoke.notUndone}</p>
      <p class="actions">
        <a class="button main" href={listPageBefore(c)}>
          {texts.toKeys}
        </a>
      </p>
    </section>,
  );
}
