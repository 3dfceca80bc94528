/**
 * Making a key. The form carries an id of its own: sent twice, by a double click or by going back, it makes one key.
 */
import { isRefusal } from "../refusals.ts";
import { Field, Form, Problems, SendOrCancel } from "./form.tsx";
import { chosenTime, daysInSeconds, type FieldProblems, NO_PROBLEMS, problemsIn } from "./form-input.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { PermissionGrid } from "./permission-grid.tsx";
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

export async function makeKey(c: PortalRequest) {
  const { form, visit } = c.var;
  const { operations, now } = c.env;
  const draft: Draft = {
    name: form.get("name") ?? "",
    mode: form.get("mode") ?? "",
    permissions: form.getAll("permissions"),
    expires: form.get("expires") ?? "",
    expiresOn: form.get("expires_on") ?? "",
  };
  const formId = form.get("form_id") ?? "";
  const madeAt = Number(form.get("form_made_at")) || now();
  const expiresAt = chosenTime(daysInSeconds(draft.expires), draft.expiresOn, madeAt);
  if (expiresAt === undefined) return showForm(c, draft, { expires_at: texts.create.dateMissing });
  const { name, mode, permissions } = draft;
  const made = await operations.createKey(
    visit.account,
    { name, mode, permissions, expires_at: expiresAt },
    { actor: visit.actor, idempotency_key: await operations.portal.formKey(visit, formId) },
  );
  if (!isRefusal(made)) return c.redirect(paths.made(formId), 303);
  const problems = problemsIn(made);
  return problems ? showForm(c, draft, problems) : refuse(c, made);
}

function showForm(c: PortalRequest, draft: Draft, problems: FieldProblems) {
  const { create } = texts;
  const listed = listProblems(problems);
  const hasProblems = listed.length > 0;
  return showPage(
    c,
    { title: create.title, at: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <Form c={c} action={paths.newKey} class="sheet form" busy={create.busy}>
      <h1>{create.title}</h1>
      <Problems of={listed} />
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
      <ModeChoice chosen={draft.mode} />
      <PermissionGrid chosen={draft.permissions} />
      <ExpiryChoice of={draft} problem={problems.expires_at} />
      <SendOrCancel send={create.submit} />
    </Form>,
  );
}

/** Each problem with the field that it leads to. */
function listProblems(problems: FieldProblems): (readonly [id: string, text: string])[] {
  const { create } = texts;
  const fields: Readonly<Record<string, readonly [id: string, label: string]>> = {
    name: ["name", create.name],
    mode: ["mode-test", create.mode],
    expires_at: ["expires_on", create.expiry],
    // The form's id, which people do not see.
    "Idempotency-Key": ["name", create.formId],
  };
  return Object.entries(problems).map(([field, text]) => {
    const [id, label] = fields[field] ?? ["permissions", create.permissions];
    return [id, `${label} ${field === "Idempotency-Key" ? create.again : text}`];
  });
}

function ModeChoice({ chosen }: { readonly chosen: string }) {
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
              checked={chosen === mode}
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

function ExpiryChoice({ of: draft, problem }: { readonly of: Draft; readonly problem: string | undefined }) {
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
