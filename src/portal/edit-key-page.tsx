/**
 * Changes a key's permissions, addresses, expiry and labels; suspends and resumes it. Each is answered once it is in
 * effect everywhere, with the receipt on the key's page or in the list. A field that is not sent is not changed.
 */
import type { Operation } from "../control/operation.ts";
import { changeKey, resumeKey, suspendKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { formatMinute } from "./format-time.ts";
import { isUsable } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { redirectToReceipt } from "./receipts.tsx";
import { readTerms, type TermsDraft, TermsFields, termProblem, termsLike } from "./terms-form.tsx";
import { texts } from "./texts.ts";

const KEEP = "keep";

export async function editKeyPage(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  if (!isUsable(key)) return c.redirect(paths.key(key.id), 303);
  return showForm(c, key, { ...termsLike(key, c.env.now()), expires: KEEP, expiresOn: "" }, NO_PROBLEMS);
}

export async function editKey(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  const { form } = c.var;
  const fields = new FormReader(form);
  const { draft, terms: body } = readTerms(fields, form, c.env.now(), KEEP);
  if (fields.problems.size > 0) return showForm(c, key, draft, fields.problems);
  const changed = await perform(c, changeKey, { id: key.id, body });
  if (!isRefusal(changed)) return await redirectToReceipt(c, key.id, changed.effective_at);
  if (changed.reason === "invalid_input")
    return showForm(c, key, draft, new Map(Object.entries(changed.details)));
  return changed.reason === "conflict" ? c.redirect(paths.key(key.id), 303) : refuse(c, changed);
}

export const suspend = (c: PortalRequest) => restrict(c, suspendKey);
export const resume = (c: PortalRequest) => restrict(c, resumeKey);

async function restrict(c: PortalRequest, operation: Operation<{ effective_at: string } & object>) {
  const id = c.req.param("id") ?? "";
  const done = await perform(c, operation, { id, body: {} });
  if (!isRefusal(done)) return await redirectToReceipt(c, id, done.effective_at);
  // Revoked or expired in the meantime: the page of the key shows it.
  return done.reason === "conflict" ? c.redirect(paths.key(id), 303) : refuse(c, done);
}

function showForm(c: PortalRequest, key: ApiKey, draft: TermsDraft, problems: FieldProblems) {
  const { edit } = texts;
  const title = edit.title(key.name);
  const hasProblems = problems.size > 0;
  const keep = key.expires_at === null ? edit.keepNever : edit.keep(formatMinute(key.expires_at));
  const list = (c.var.form as URLSearchParams | undefined)?.get("list");
  return showPage(
    c,
    { title, nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <Form c={c} action={paths.edit(key.id)} class="sheet form" busy={edit.busy}>
      <h1>{title}</h1>
      <code>{key.hint}</code>
      <ProblemSummary of={[...problems].map(([field, text]) => problemLink(field, text))} />
      <p>{edit.explain}</p>
      {list && <input type="hidden" name="list" value={list} />}
      <input type="hidden" name="form_made_at" value={String(c.env.now())} />
      <TermsFields of={draft} problems={problems} keep={[KEEP, keep]} />
      <SubmitOrCancel submit={edit.submit} />
    </Form>,
  );
}

/** A problem with the id of its field. */
function problemLink(field: string, text: string): readonly [id: string, text: string] {
  const [id, label] = termProblem(field);
  return [id, `${label} ${text}`];
}
