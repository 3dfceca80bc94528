/**
 * Creates a key. The form has an id, the `Idempotency-Key` of the call: submitted twice, by a double click or by going
 * back, it creates one key.
 */
import { createKey as createKeyOperation } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { EXPIRY_CHOICES, ExpiryField, readExpiry } from "./expiry.tsx";
import { Field, Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { performOnce } from "./perform.ts";
import { type AccessDraft, AccessField, accessDraft, readAccess } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface Draft {
  readonly name: string;
  readonly mode: string;
  readonly access: AccessDraft;
  readonly expires: string;
  readonly expiresOn: string;
}

const BLANK: Draft = {
  name: "",
  mode: "test",
  access: { access: "selected", permissions: [] },
  expires: "never",
  expiresOn: "",
};

/** With `like` in the query, the form has the values of that key. */
export async function newKeyPage(c: PortalRequest) {
  const like = c.req.query("like");
  const model = like === undefined ? null : await loadKey(c, like);
  const draft = model === null || isRefusal(model) ? BLANK : draftLike(model);
  return showForm(c, draft, NO_PROBLEMS);
}

function draftLike({ name, mode, permissions }: ApiKey): Draft {
  return { ...BLANK, name, mode, access: accessDraft(permissions) };
}

export async function createKey(c: PortalRequest) {
  const { form } = c.var;
  const fields = new FormReader(form);
  const name = fields.text("name");
  const mode = fields.text("mode");
  const { draft: access, permissions } = readAccess(fields, form);
  const draft: Draft = {
    name,
    mode,
    access,
    expires: fields.choice("expires", EXPIRY_CHOICES),
    expiresOn: form.get("expires_on") ?? "",
  };
  const formId = fields.formId();
  const expires_at = readExpiry(fields, draft.expires, c.env.now());
  if (fields.problems.size > 0) return showForm(c, draft, fields.problems);
  const body = { name, mode, permissions, expires_at };
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
      <AccessField of={draft.access} problem={problems.get("permissions")} />
      <ExpiryField expires={draft.expires} expiresOn={draft.expiresOn} problems={problems} />
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
    ["expires", ["expires", create.expiry]],
    ["expires_at", ["expires_on", create.expiry]],
    ["expires_on", ["expires_on", create.date]],
    // Hidden fields.
    ["form_id", ["name", create.thisForm]],
    ["form_made_at", ["name", create.thisForm]],
    ["Idempotency-Key", ["name", create.thisForm]],
  ]);
  return [...problems].map(([field, text]) => {
    const [id, label] = fields.get(field) ?? ["access-full", create.permissions];
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
