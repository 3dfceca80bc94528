/** The fields of a key's terms that the forms for a new key and for a change share. */
import { ExpiryField } from "./expiry.tsx";
import { type FieldTargets, problemOf } from "./field-problems.ts";
import { Field } from "./form.tsx";
import type { FieldProblems } from "./form-values.ts";
import { AccessField } from "./permissions.tsx";
import { LIMIT_FIELDS, type TermsDraft } from "./terms-values.ts";
import { texts } from "./texts.ts";

interface TermsProps {
  readonly of: TermsDraft;
  readonly problems: FieldProblems;
  /** The limits of the account's plan, as a sentence. */
  readonly plan: string;
  /** The choice of the present expiry. */
  readonly keep?: readonly [value: string, label: string];
}

export function TermsFields({ of: draft, problems, plan, keep }: TermsProps) {
  const { create } = texts;
  return (
    <>
      <AccessField of={draft.access} problem={problemOf(problems, "permissions", "access")} />
      <ExpiryField
        expires={draft.expires}
        expiresOn={draft.expiresOn}
        problems={problems}
        {...(keep && { first: keep })}
      />
      <details open={isMoreOpen(draft, problems)}>
        <summary>{create.more}</summary>
        <Lines
          id="allowed_ips"
          label={create.networks}
          hint={create.networksHint}
          problem={problemOf(problems, "allowed_ips")}
          text={draft.networks}
        />
        <Lines
          id="labels"
          label={create.labels}
          hint={create.labelsHint}
          problem={problemOf(problems, "labels")}
          text={draft.labels}
        />
        <p class="hint">
          {create.limitsHint} {plan}
        </p>
        <div class="in-line limits">
          {LIMIT_FIELDS.map((field) => (
            <Field
              id={field}
              label={create.limits[field]}
              problem={problemOf(problems, field)}
              input={(attributes) => (
                <input {...attributes} type="number" name={field} min={1} value={draft.limits[field]} />
              )}
            />
          ))}
        </div>
      </details>
    </>
  );
}

function isMoreOpen(draft: TermsDraft, problems: FieldProblems): boolean {
  const isFilled = [draft.networks, draft.labels, ...Object.values(draft.limits)].some(Boolean);
  return isFilled || problemOf(problems, "allowed_ips", "labels", "limits", ...LIMIT_FIELDS) !== undefined;
}

interface LinesProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly problem: string | undefined;
  readonly text: string;
}

function Lines({ text, ...field }: LinesProps) {
  const { id } = field;
  return (
    <Field
      {...field}
      input={(attributes) => (
        <textarea {...attributes} name={id} spellcheck={false} autocapitalize="none">
          {text}
        </textarea>
      )}
    />
  );
}

const { create } = texts;
const { requests_per_minute, publish_per_hour } = create.limits;

export const TERM_TARGETS: FieldTargets = new Map<string, readonly [id: string, label: string]>([
  ["access", ["access-full", create.permissions]],
  ["permissions", ["access-full", create.permissions]],
  ["expires", ["expires", create.expiry]],
  ["expires_on", ["expires_on", create.date]],
  ["expires_at", ["expires_on", create.expiry]],
  ["allowed_ips", ["allowed_ips", create.networks]],
  ["labels", ["labels", create.labels]],
  ["limits", ["requests_per_minute", requests_per_minute]],
  ["requests_per_minute", ["requests_per_minute", requests_per_minute]],
  ["publish_per_hour", ["publish_per_hour", publish_per_hour]],
  ["form_made_at", ["expires", create.thisForm]],
]);
