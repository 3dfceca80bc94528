/**
 * Changes a key's permissions, addresses, expiry, labels and limits. Answered once it is in effect everywhere, with the
 * receipt on the key's page or in the list. What the user has not changed in the form is not changed.
 */
import { changeKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { planText } from "./account-plan.ts";
import { allProblems, listProblems } from "./field-problems.ts";
import { Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { formatMinute } from "./format-time.ts";
import { isUsable } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { ListField, pageBefore } from "./list-return.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { redirectToReceipt } from "./receipts.tsx";
import {
  changedTerms,
  hasSameTerms,
  readShownTerms,
  type ShownTerms,
  ShownTermsFields,
  shownTerms,
} from "./shown-terms.tsx";
import { TERM_TARGETS, TermsFields } from "./terms-form.tsx";
import { readTerms, type TermsDraft, termsLike } from "./terms-values.ts";
import { texts } from "./texts.ts";

const KEEP = "keep";

export async function editKeyPage(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  if (!isUsable(key)) return c.redirect(paths.key(key.id), 303);
  return await showForm(
    c,
    key,
    { ...termsLike(key, c.env.now()), expires: KEEP, expiresOn: "" },
    shownTerms(key),
    NO_PROBLEMS,
  );
}

export async function editKey(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  // Revoked or expired in the meantime: the page of the key shows it.
  if (!isUsable(key)) return c.redirect(paths.key(key.id), 303);
  const { form } = c.var;
  const fields = new FormReader(form);
  const { draft, terms } = readTerms(fields, form, c.env.now(), KEEP);
  const shown = readShownTerms(form);
  const problems = allProblems(fields.problems, changeKey, terms);
  if (problems.size > 0) return await showForm(c, key, draft, shown, problems);
  const body = changedTerms(terms, shown);
  if (Object.keys(body).length === 0) return await redirectToReceipt(c, key.id, "unchanged", undefined);
  const changed = await perform(c, changeKey, { id: key.id, body });
  if (!isRefusal(changed)) {
    const isSame = changed.effective_at === undefined && hasSameTerms(changed, key);
    return await redirectToReceipt(c, key.id, isSame ? "unchanged" : "changed", changed.effective_at);
  }
  if (changed.reason === "invalid_input")
    return await showForm(c, key, draft, shown, new Map(Object.entries(changed.details)));
  return changed.reason === "conflict" ? c.redirect(paths.key(key.id), 303) : refuse(c, changed);
}

async function showForm(
  c: PortalRequest,
  key: ApiKey,
  draft: TermsDraft,
  shown: ShownTerms,
  problems: FieldProblems,
) {
  const { edit } = texts;
  const title = edit.title(key.name);
  const hasProblems = problems.size > 0;
  const keep = key.expires_at === null ? texts.create.neverExpires : edit.keep(formatMinute(key.expires_at));
  const plan = await planText(c);
  if (typeof plan !== "string") return refuse(c, plan);
  return showPage(
    c,
    { title, nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <Form c={c} action={paths.edit(key.id)} class="sheet form" busy={edit.busy}>
      <h1>{title}</h1>
      <code>{key.hint}</code>
      <ProblemSummary of={listProblems(problems, TERM_TARGETS)} />
      <p>{edit.explain}</p>
      <ListField c={c} />
      <ShownTermsFields of={shown} />
      <input type="hidden" name="form_made_at" value={String(c.env.now())} />
      <TermsFields of={draft} problems={problems} plan={plan} keep={[KEEP, keep]} />
      <SubmitOrCancel submit={edit.submit} back={pageBefore(c, key.id)} />
    </Form>,
  );
}
