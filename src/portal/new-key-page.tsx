/**
 * Creates a key. The form has an id, the `Idempotency-Key` of the call: submitted twice, by a double click or by going
 * back, it creates one key.
 */
import { createKey as createKeyOperation } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { Field, Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { performOnce } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { NO_TERMS, readTerms, type TermsDraft, TermsFields, termProblem, termsLike } from "./terms-form.tsx";
import { texts } from "./texts.ts";

interface Draft {
  readonly name: string;
  readonly mode: string;
  readonly terms: TermsDraft;
}

const BLANK: Draft = { name: "", mode: "test", terms: NO_TERMS };

/** With `like` in the query, the form has the values of that key. */
export async function newKeyPage(c: PortalRequest) {
  const like = c.req.query("like");
  const model = like === undefined ? null : await loadKey(c, like);
  const draft = model === null || isRefusal(model) ? BLANK : draftLike(model, c.env.now());
  return showForm(c, draft, NO_PROBLEMS);
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
  if (fields.problems.size > 0) return showForm(c, draft, fields.problems);
  const body = { name, mode, ...terms };
  const created = await performOnce(c, formId, createKeyOperation, { body });
  // The same form again after its secret was shown leads to the same page.
  if (!isRefusal(created) || created.reason === "secret_withheld")
    return c.redirect(paths.showOnce(formId), 303);
  if (created.reason !== "invalid_input") return refuse(c, created);
  return showForm(c, draft, new Map(Object.entries(created.details)));
}

function showForm(c: PortalRequest, draft: Draft, problems: FieldProblems) {
  const { create } = texts;
  const hasProblems = problems.size > 0;
  return showPage(
    c,
    { title: create.title, nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <Form c={c} action={paths.newKey} class="sheet form" busy={create.busy}>
      <h1>{create.title}</h1>
      <ProblemSummary of={listProblems(problems)} />
      <input type="hidden" name="form_id" value={crypto.randomUUID()} />
      <input type="hidden" name="form_made_at" value={String(c.env.now())} />
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
      <TermsFields of={draft.terms} problems={problems} />
      <SubmitOrCancel submit={create.submit} />
    </Form>,
  );
}

/** Each problem with the id of the field that it links to. */
function listProblems(problems: FieldProblems): (readonly [id: string, text: string])[] {
  const { create } = texts;
  const fields = new Map<string, readonly [id: string, label: string]>([
    ["name", ["name", create.name]],
    ["mode", ["mode-test", create.mode]],
    // Hidden fields.
    ["form_id", ["name", create.thisForm]],
    ["form_made_at", ["name", create.thisForm]],
    ["Idempotency-Key", ["name", create.thisForm]],
  ]);
  return [...problems].map(([field, text]) => {
    const [id, label] = fields.get(field) ?? termProblem(field);
    return [id, `${label} ${field === "Idempotency-Key" ? create.alreadySubmitted : text}`];
  });
}

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
