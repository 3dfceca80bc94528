/**
 * Creates a key. The form has an id, the `Idempotency-Key` of the call: submitted twice, by a double click or by going
 * back, it creates one key. A form that was refused keeps what was filled in.
 */
import { createKey as createKeyOperation } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Reason, type Refusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { planText } from "./account-plan.ts";
import { allProblems, type FieldTargets, listProblems } from "./field-problems.ts";
import { Field, Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { showPage } from "./layout.tsx";
import { refuse, refuseForm } from "./notices.tsx";
import { performOnce } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { TERM_TARGETS, TermsFields } from "./terms-form.tsx";
import { NO_TERMS, readTerms, type TermsDraft, termsLike } from "./terms-values.ts";
import { texts } from "./texts.ts";

interface Draft {
  readonly name: string;
  readonly mode: string;
  readonly terms: TermsDraft;
}

/** Identifies a form, with the time from which its expiry counts: the same form submitted again is the same call. */
interface FormIdentity {
  readonly id: string;
  readonly madeAt: number;
}

/** Refusals after which the same form can succeed. */
const MAY_SUCCEED_LATER: ReadonlySet<Reason> = new Set([
  "conflict",
  "too_many_new_keys",
  "in_progress",
  "store_unreachable",
  "ledger_unreachable",
]);

const BLANK: Draft = { name: "", mode: "test", terms: NO_TERMS };

/** With `like` in the query, the form has the values of that key. */
export async function newKeyPage(c: PortalRequest) {
  const like = c.req.query("like");
  const model = like === undefined ? null : await loadKey(c, like);
  const draft = model === null || isRefusal(model) ? BLANK : draftLike(model, c.env.now());
  return await showForm(c, draft, NO_PROBLEMS);
}

function draftLike(model: ApiKey, now: number): Draft {
  return { name: model.name, mode: model.mode, terms: termsLike(model, now) };
}

export async function createKey(c: PortalRequest) {
  const { form } = c.var;
  const fields = new FormReader(form);
  const name = fields.text("name");
  const mode = fields.text("mode");
  const { draft: termsDraft, terms } = readTerms(fields, form, c.env.now());
  const draft: Draft = { name, mode, terms: termsDraft };
  const formId = fields.formId();
  const body = { name, mode, ...terms };
  const problems = allProblems(fields.problems, createKeyOperation, body);
  if (problems.size > 0) return await showForm(c, draft, problems);
  const created = await performOnce(c, formId, createKeyOperation, { body });
  // The same form again after its secret was shown leads to the same page.
  if (!isRefusal(created) || created.reason === "secret_withheld")
    return c.redirect(paths.showOnce(formId), 303);
  if (MAY_SUCCEED_LATER.has(created.reason)) {
    const identity = { id: formId, madeAt: fields.formMadeAt(c.env.now()) };
    return await showForm(c, draft, NO_PROBLEMS, { refusal: created, identity });
  }
  if (created.reason !== "invalid_input") return refuse(c, created);
  const refused = Object.entries(created.details).map(([field, text]) =>
    field === "Idempotency-Key"
      ? (["form_id", texts.create.alreadySubmitted] as const)
      : ([field, text] as const),
  );
  return await showForm(c, draft, new Map(refused));
}

async function showForm(
  c: PortalRequest,
  draft: Draft,
  problems: FieldProblems,
  refused?: { readonly refusal: Refusal; readonly identity: FormIdentity },
) {
  const { create } = texts;
  const plan = await planText(c);
  if (typeof plan !== "string") return refuse(c, plan);
  const { id, madeAt } = refused?.identity ?? { id: crypto.randomUUID(), madeAt: c.env.now() };
  const { status = problems.size > 0 ? 422 : 200, note } = refused ? refuseForm(c, refused.refusal) : {};
  return showPage(
    c,
    { title: create.title, nav: "keys", hasProblems: status !== 200, status },
    <Form c={c} action={paths.newKey} class="sheet form" busy={create.busy}>
      <h1>{create.title}</h1>
      {note}
      <ProblemSummary of={listProblems(problems, TARGETS)} />
      <input type="hidden" name="form_id" value={id} />
      <input type="hidden" name="form_made_at" value={String(madeAt)} />
      <Field
        id="name"
        label={create.name}
        hint={create.nameHint}
        problem={problems.get("name")}
        input={(attributes) => (
          <input {...attributes} name="name" value={draft.name} required maxlength={100} autocomplete="off" />
        )}
      />
      <ModeField selected={draft.mode} />
      <TermsFields of={draft.terms} problems={problems} plan={plan} />
      <SubmitOrCancel submit={create.submit} />
    </Form>,
  );
}

const { name, mode, thisForm } = texts.create;

const TARGETS: FieldTargets = new Map([
  ["name", ["name", name]],
  ["mode", ["mode-test", mode]],
  ...TERM_TARGETS,
  // Hidden fields.
  ["form_id", ["name", thisForm]],
  ["form_made_at", ["name", thisForm]],
]);

function ModeField({ selected }: { readonly selected: string }) {
  const { create, mode: names } = texts;
  return (
    <fieldset>
      <legend>{create.mode}</legend>
      <div class="choices">
        {(["test", "live"] as const).map((mode) => (
          <label class="choice">
            <input
              type="radio"
              name="mode"
              id={`mode-${mode}`}
              value={mode}
              checked={selected === mode}
              required
            />
            <strong>{names[mode]}</strong>
            <span>{create.modes[mode]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
