/**
 * Suspends a key after a confirmation that names it, and resumes it, each with a receipt. A suspension is answered once
 * it is in effect everywhere, a resumption at once.
 */
import { resumeKey, suspendKey } from "../control/operations/keys.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Form, SubmitOrCancel } from "./form.tsx";
import { Badges, isAccepted, LastUse } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { ListField, pageBefore } from "./list-return.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { redirectToReceipt } from "./receipts.tsx";
import { texts } from "./texts.ts";

export async function suspendPage(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  if (!isAccepted(key)) return c.redirect(paths.key(key.id), 303);
  const { edit, suspend } = texts;
  const title = suspend.title(key.name);
  return showPage(
    c,
    { title, nav: "keys" },
    <Form c={c} action={paths.suspend(key.id)} class="sheet form" busy={edit.suspending}>
      <h1>{title}</h1>
      <code>{key.hint}</code>
      <Badges of={key} now={c.env.now()} />
      <p>
        {suspend.explain} <LastUse of={key} now={c.env.now()} />
      </p>
      <ListField c={c} />
      <SubmitOrCancel submit={suspend.submit} back={pageBefore(c, key.id)} />
    </Form>,
  );
}

export async function suspend(c: PortalRequest) {
  const id = c.req.param("id") ?? "";
  const suspended = await perform(c, suspendKey, { id, body: {} });
  if (isRefusal(suspended)) return refuseChange(c, id, suspended);
  return await redirectToReceipt(c, id, "suspended", suspended.effective_at);
}

/** Its `effective_at` is when it was written: it holds everywhere only with the next lease of each isolate. */
export async function resume(c: PortalRequest) {
  const id = c.req.param("id") ?? "";
  const resumed = await perform(c, resumeKey, { id });
  if (isRefusal(resumed)) return refuseChange(c, id, resumed);
  return await redirectToReceipt(c, id, "resumed", undefined);
}

/** Revoked or expired in the meantime: the page of the key shows it. */
function refuseChange(c: PortalRequest, id: string, refusal: Refusal) {
  return refusal.reason === "conflict" ? c.redirect(paths.key(id), 303) : refuse(c, refusal);
}
