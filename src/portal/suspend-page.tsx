/** Suspends a key after a confirmation that names it, and resumes it. Answered once it is in effect everywhere, with the receipt. */
import type { Operation } from "../control/operation.ts";
import { resumeKey, suspendKey } from "../control/operations/keys.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Form, SubmitOrCancel } from "./form.tsx";
import { Badges, isRotatable, LastUse } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { ListField, pageBefore } from "./list-return.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { type Done, redirectToReceipt } from "./receipts.tsx";
import { texts } from "./texts.ts";

export async function suspendPage(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  if (!isRotatable(key)) return c.redirect(paths.key(key.id), 303);
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

export const suspend = (c: PortalRequest) => restrict(c, suspendKey, "suspended");
export const resume = (c: PortalRequest) => restrict(c, resumeKey, "resumed");

async function restrict(
  c: PortalRequest,
  operation: Operation<{ effective_at: string } & object>,
  done: Done,
) {
  const id = c.req.param("id") ?? "";
  const restricted = await perform(c, operation, { id, body: {} });
  if (!isRefusal(restricted)) return await redirectToReceipt(c, id, done, restricted.effective_at);
  // Revoked or expired in the meantime: the page of the key shows it.
  return restricted.reason === "conflict" ? c.redirect(paths.key(id), 303) : refuse(c, restricted);
}
