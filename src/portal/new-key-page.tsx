/**
 * Creates a key. The form has an id, the `Idempotency-Key` of the call: submitted twice, by a double click or by going
 * back, it creates one key.
 */
import { isRefusal } from "../refusals.ts";
import { Field, Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { daysToSeconds, type FieldProblems, NO_PROBLEMS, problemsIn, selectedTime } from "./form-values.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { PermissionGrid } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface Draft {
  readonly name: string;
  readonly mode: string;
  readonly permissions: readonly string[];
  readonly expires: string;
  readonly expiresOn: string;
}

const EXPIRY_DAYS = [30, 90, 365];

const BLANK: Draft = { name: "", mode: "test", permissions: [], expires: "never", expiresOn: "" };

export function newKeyPage(c: PortalRequest) {
  return showForm(c, BLANK, NO_PROBLEMS);
}

export async function createKey(c: PortalRequest) {
  const { form, session } = c.var;
  const { operations, now } = c.env;
  const draft: Draft = {
    name: form.get("name") ?? "",
    mode: form.get("mode") ?? "",
    permissions: form.getAll("permissions"),
    expires: form.get("expires") ?? "",
    expiresOn: form.get("expires_on") ?? "",
  };
  const formId = form.get("form_id") ?? "";
  // The time of the form, so that submitting it again means the same expiry.
  const formMadeAt = Number(form.get("form_made_at")) || now();
  const expiresAt = selectedTime(daysToSeconds(draft.expires), draft.expiresOn, formMadeAt);
  if (expiresAt === undefined) return showForm(c, draft, { expires_at: texts.notInFuture });
  const { name, mode, permissions } = draft;
  const created = await operations.createKey(
    session.account,
    { name, mode, permissions, expires_at: expiresAt },
    { actor: session.actor, idempotency_key: await operations.portal.formKey(session, formId) },
  );
  if (!isRefusal(created)) return c.redirect(paths.showOnce(formId), 303);
  const problems = problemsIn(created);
  return problems ? showForm(c, draft, problems) : refuse(c, created);
}

function showForm(c: PortalRequest, draft: Draft, problems: FieldProblems) {
  const { create } = texts;
  const listed = listProblems(problems);
  const hasProblems = listed.length > 0;
  return showPage(
    c,
    { title: create.title, nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <Form c={c} action={paths.newKey} class="sheet form" busy={create.busy}>
      <h1>{create.title}</h1>
      <ProblemSummary of={listed} />
      <input type="hidden" name="form_id" value={crypto.randomUUID()} />
      <input type="hidden" name="form_made_at" value={String(c.env.now())} />
      <Field
        id="name"
        label={create.name}
        hint={create.nameHint}
        problem={problems.name}
        input={(attributes) => (
          <input {...attributes} name="name" value={draft.name} required maxlength={100} autocomplete="off" />
        )}
      />
      <ModeField selected={draft.mode} />
      <PermissionGrid selected={draft.permissions} />
      <ExpiryField of={draft} problem={problems.expires_at} />
      <SubmitOrCancel submit={create.submit} />
    </Form>,
  );
}

/** Each problem with the id of the field that it links to. */
function listProblems(problems: FieldProblems): (readonly [id: string, text: string])[] {
  const { create } = texts;
  const fields: Readonly<Record<string, readonly [id: string, label: string]>> = {
    name: ["name", create.name],
    mode: ["mode-test", create.mode],
    expires_at: ["expires_on", create.expiry],
    // The hidden `form_id`.
    "Idempotency-Key": ["name", create.formId],
  };
  return Object.entries(problems).map(([field, text]) => {
    const [id, label] = fields[field] ?? ["permissions", create.permissions];
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

function ExpiryField({ of: draft, problem }: { readonly of: Draft; readonly problem: string | undefined }) {
  const { create } = texts;
  const choices: readonly (readonly [value: string, label: string])[] = [
    ["never", create.neverExpires],
    ...EXPIRY_DAYS.map((days) => [String(days), create.inDays(days)] as const),
    ["date", create.onDate],
  ];
  return (
    <div class="timed">
      <Field
        id="expires"
        label={create.expiry}
        input={(attributes) => (
          <select {...attributes} name="expires">
            {choices.map(([value, label]) => (
              <option value={value} selected={value === draft.expires}>
                {label}
              </option>
            ))}
          </select>
        )}
      />
      <div class="on-date">
        <Field
          id="expires_on"
          label={create.date}
          problem={problem}
          input={(attributes) => (
            <input {...attributes} type="date" name="expires_on" value={draft.expiresOn} />
          )}
        />
      </div>
    </div>
  );
}
