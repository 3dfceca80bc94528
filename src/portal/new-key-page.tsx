/**
 * Creates a key. The form has an id, the `Idempotency-Key` of the call: submitted twice, by a double click or by going
 * back, it creates one key.
 */
import { isRefusal } from "../refusals.ts";
import { Field, Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { PermissionGrid } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { waitForEarlierSubmission } from "./submitted-twice.ts";
import { texts } from "./texts.ts";

interface Draft {
  readonly name: string;
  readonly mode: string;
  readonly permissions: readonly string[];
  readonly expires: string;
  readonly expiresOn: string;
}

const DAY_MS = 86_400_000;
const EXPIRY_DAYS = ["30", "90", "365"];

const BLANK: Draft = { name: "", mode: "test", permissions: [], expires: "never", expiresOn: "" };

export function newKeyPage(c: PortalRequest) {
  return showForm(c, BLANK, NO_PROBLEMS);
}

export async function createKey(c: PortalRequest) {
  const { form, session } = c.var;
  const { operations } = c.env;
  const fields = new FormReader(form);
  const draft: Draft = {
    name: fields.text("name"),
    mode: fields.text("mode"),
    permissions: form.getAll("permissions"),
    expires: fields.choice("expires", ["never", "date", ...EXPIRY_DAYS]),
    expiresOn: form.get("expires_on") ?? "",
  };
  const formId = fields.formId();
  const expiresAt = readExpiry(fields, draft, c.env.now());
  if (fields.problems.size > 0) return showForm(c, draft, fields.problems);
  const { name, mode, permissions } = draft;
  const caller = {
    actor: session.actor,
    idempotency_key: await operations.portal.formKey(session, formId),
  };
  const created = await waitForEarlierSubmission(() =>
    operations.createKey(session.account, { name, mode, permissions, expires_at: expiresAt }, caller),
  );
  // The same form again after its secret was shown leads to the same page.
  if (!isRefusal(created) || created.reason === "secret_withheld")
    return c.redirect(paths.showOnce(formId), 303);
  if (created.reason !== "invalid_input") return refuse(c, created);
  return showForm(c, draft, new Map(Object.entries(created.details)));
}

/** Counted from the time of the form, so that submitting it again means the same expiry. */
function readExpiry(fields: FormReader, { expires }: Draft, now: number): string | null {
  if (expires === "date") return fields.endOfDay("expires_on");
  if (!EXPIRY_DAYS.includes(expires)) return null;
  return new Date(fields.formMadeAt(now) + Number(expires) * DAY_MS).toISOString();
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
      <PermissionGrid selected={draft.permissions} />
      <ExpiryField of={draft} problems={problems} />
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
    const [id, label] = fields.get(field) ?? ["permissions", create.permissions];
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

function ExpiryField({ of: draft, problems }: { readonly of: Draft; readonly problems: FieldProblems }) {
  const { create } = texts;
  const choices: readonly (readonly [value: string, label: string])[] = [
    ["never", create.neverExpires],
    ...EXPIRY_DAYS.map((days) => [days, create.inDays(days)] as const),
    ["date", create.onDate],
  ];
  return (
    <div class="timed">
      <Field
        id="expires"
        label={create.expiry}
        problem={problems.get("expires")}
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
          problem={problems.get("expires_on") ?? problems.get("expires_at")}
          input={(attributes) => (
            <input {...attributes} type="date" name="expires_on" value={draft.expiresOn} />
          )}
        />
      </div>
    </div>
  );
}
