/** The fields of a key's terms that the forms for a new key and for a change share, and what they stand for. */
import type { ApiKey } from "../keys/api-key.ts";
import { EXPIRY_CHOICES, ExpiryField, expiryLike, readExpiry } from "./expiry.tsx";
import { Field } from "./form.tsx";
import type { FieldProblems, FormReader } from "./form-values.ts";
import { type AccessDraft, AccessField, accessDraft, readAccess } from "./permissions.tsx";
import { texts } from "./texts.ts";

/** The fields as they were submitted. */
export interface TermsDraft {
  readonly access: AccessDraft;
  /** One network a line. */
  readonly networks: string;
  /** One label a line, as `name: value`. */
  readonly labels: string;
  readonly expires: string;
  readonly expiresOn: string;
}

export const NO_TERMS: TermsDraft = {
  access: { access: "selected", permissions: [] },
  networks: "",
  labels: "",
  expires: "never",
  expiresOn: "",
};

/** The terms of a key, with the same lifetime from now on. */
export function termsLike(key: ApiKey, now: number): TermsDraft {
  return {
    access: accessDraft(key.permissions),
    networks: key.allowed_ips.join("\n"),
    labels: labelText(key.labels),
    ...expiryLike(key, now),
  };
}

/** One label a line. */
export function labelText(labels: ApiKey["labels"]): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

/** A field that was not sent is undefined. `keep`: the choice of the present expiry, which is not sent either. */
export function readTerms(fields: FormReader, form: URLSearchParams, now: number, keep?: string) {
  const { draft: access, permissions } = readAccess(fields, form);
  const [networks, labels] = [fields.optional("allowed_ips"), fields.optional("labels")];
  const expires = fields.choice("expires", keep === undefined ? EXPIRY_CHOICES : [keep, ...EXPIRY_CHOICES]);
  const draft: TermsDraft = {
    access,
    networks: networks ?? "",
    labels: labels ?? "",
    expires,
    expiresOn: fields.optional("expires_on") ?? "",
  };
  const expires_at = readExpiry(fields, expires, now);
  const terms = {
    permissions,
    ...(networks !== undefined && { allowed_ips: networks.split(/[\s,]+/).filter(Boolean) }),
    ...(labels !== undefined && { labels: readLabels(fields, labels) }),
    ...(expires !== keep && { expires_at }),
  };
  return { draft, terms };
}

function readLabels(fields: FormReader, text: string): Record<string, string> {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  const labels = lines.map((line): [string, string] => {
    const [name = "", ...value] = line.split(":");
    if (value.length === 0) fields.addProblem("labels", texts.create.notALabel(line.trim()));
    return [name.trim(), value.join(":").trim()];
  });
  const names = labels.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) fields.addProblem("labels", texts.create.labelTwice(twice));
  return Object.fromEntries(labels);
}

export function TermsFields(props: {
  readonly of: TermsDraft;
  readonly problems: FieldProblems;
  /** The choice of the present expiry. */
  readonly keep?: readonly [value: string, label: string];
}) {
  const { of: draft, problems, keep } = props;
  const { create } = texts;
  const isOpen = [draft.networks, draft.labels, ...problemsOf(problems, "allowed_ips", "labels")].some(
    Boolean,
  );
  return (
    <>
      <AccessField of={draft.access} problem={problems.get("permissions")} />
      <ExpiryField
        expires={draft.expires}
        expiresOn={draft.expiresOn}
        problems={problems}
        {...(keep && { first: keep })}
      />
      <details open={isOpen}>
        <summary>{create.more}</summary>
        <Lines
          id="allowed_ips"
          label={create.networks}
          hint={create.networksHint}
          problem={problemsOf(problems, "allowed_ips")[0]}
          text={draft.networks}
        />
        <Lines
          id="labels"
          label={create.labels}
          hint={create.labelsHint}
          problem={problemsOf(problems, "labels")[0]}
          text={draft.labels}
        />
      </details>
    </>
  );
}

/** Also those of a field's parts, such as `allowed_ips.0`. */
function problemsOf(problems: FieldProblems, ...names: readonly string[]): string[] {
  return [...problems].filter(([field]) => names.includes(field.split(".")[0] ?? "")).map(([, text]) => text);
}

function Lines(props: {
  id: string;
  label: string;
  hint: string;
  problem: string | undefined;
  text: string;
}) {
  const { id, text, ...field } = props;
  return (
    <Field
      id={id}
      {...field}
      input={(attributes) => (
        <textarea {...attributes} name={id} rows={2} spellcheck={false} autocapitalize="none">
          {text}
        </textarea>
      )}
    />
  );
}

/** The field of a problem, and its label. */
export function termProblem(field: string): readonly [id: string, label: string] {
  const { create } = texts;
  const labels: Readonly<Record<string, readonly [id: string, label: string]>> = {
    allowed_ips: ["allowed_ips", create.networks],
    labels: ["labels", create.labels],
    expires: ["expires", create.expiry],
    expires_at: ["expires_on", create.expiry],
    expires_on: ["expires_on", create.date],
    form_made_at: ["expires", create.thisForm],
  };
  return labels[field.split(".")[0] ?? ""] ?? ["access-full", create.permissions];
}
