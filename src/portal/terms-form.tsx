/** The fields of a key's terms that the forms for a new key and for a change share, and what they stand for. */
import type { ApiKey } from "../keys/api-key.ts";
import { EXPIRY_CHOICES, ExpiryField, expiryLike, readExpiry } from "./expiry.tsx";
import { Field } from "./form.tsx";
import type { FieldProblems, FormReader } from "./form-values.ts";
import { labelTexts } from "./key-summary.tsx";
import { type AccessDraft, AccessField, accessDraft, readAccess } from "./permissions.tsx";
import { texts } from "./texts.ts";

type LimitField = keyof NonNullable<ApiKey["limits"]>;

/** The fields as they were submitted. */
export interface TermsDraft {
  readonly access: AccessDraft;
  /** One network a line. */
  readonly networks: string;
  /** One label a line, as `name: value`. */
  readonly labels: string;
  /** Empty for a key with the limits of its tier. */
  readonly limits: Readonly<Record<LimitField, string>>;
  readonly expires: string;
  readonly expiresOn: string;
}

const LIMIT_FIELDS: readonly LimitField[] = ["requests_per_minute", "publish_per_hour"];

export const NO_TERMS: TermsDraft = {
  access: { access: "selected", permissions: [] },
  networks: "",
  labels: "",
  limits: { requests_per_minute: "", publish_per_hour: "" },
  expires: "never",
  expiresOn: "",
};

/** The terms of a key, with the same lifetime from now on. */
export function termsLike(key: ApiKey, now: number): TermsDraft {
  return {
    access: accessDraft(key.permissions),
    networks: key.allowed_ips.join("\n"),
    labels: labelTexts(key.labels).join("\n"),
    limits: {
      requests_per_minute: String(key.limits?.requests_per_minute ?? ""),
      publish_per_hour: String(key.limits?.publish_per_hour ?? ""),
    },
    ...expiryLike(key, now),
  };
}

/** A field that was not sent is undefined. `keep`: the choice of the present expiry, which is not sent either. */
export function readTerms(fields: FormReader, form: URLSearchParams, now: number, keep?: string) {
  const { draft: access, permissions } = readAccess(fields, form);
  const [networks, labels] = [fields.optional("allowed_ips"), fields.optional("labels")];
  const limits = readLimits(fields);
  const expires = fields.choice("expires", keep === undefined ? EXPIRY_CHOICES : [keep, ...EXPIRY_CHOICES]);
  const draft: TermsDraft = {
    access,
    networks: networks ?? "",
    labels: labels ?? "",
    limits: limits ?? NO_TERMS.limits,
    expires,
    expiresOn: fields.optional("expires_on") ?? "",
  };
  const expires_at = readExpiry(fields, expires, now);
  const terms = {
    permissions,
    ...(networks !== undefined && { allowed_ips: networks.split(/[\s,]+/).filter(Boolean) }),
    ...(labels !== undefined && { labels: readLabels(fields, labels) }),
    ...(limits !== undefined && { limits: limitsIn(limits) }),
    ...(expires !== keep && { expires_at }),
  };
  return { draft, terms };
}

/** undefined: not sent. */
function readLimits(fields: FormReader): TermsDraft["limits"] | undefined {
  const requests_per_minute = fields.optional("requests_per_minute")?.trim();
  const publish_per_hour = fields.optional("publish_per_hour")?.trim();
  if (requests_per_minute === undefined && publish_per_hour === undefined) return undefined;
  const limits = {
    requests_per_minute: requests_per_minute ?? "",
    publish_per_hour: publish_per_hour ?? "",
  };
  const empty = LIMIT_FIELDS.filter((field) => limits[field] === "");
  if (empty.length === 1) fields.addProblem(empty[0] as LimitField, texts.create.bothLimits);
  return limits;
}

/** null: those of the tier. What a limit must be is checked by the control plane. */
function limitsIn({ requests_per_minute, publish_per_hour }: TermsDraft["limits"]) {
  if (requests_per_minute === "" && publish_per_hour === "") return null;
  return {
    requests_per_minute: Number(requests_per_minute),
    publish_per_hour: Number(publish_per_hour),
  };
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
  const isOpen =
    [draft.networks, draft.labels, ...Object.values(draft.limits)].some(Boolean) ||
    problemsOf(problems, "allowed_ips", "labels", "limits", ...LIMIT_FIELDS).length > 0;
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
        <p class="hint">{create.limitsHint}</p>
        <div class="in-line">
          {LIMIT_FIELDS.map((field) => (
            <Field
              id={field}
              label={create.limits[field]}
              problem={problems.get(field) ?? problems.get(`limits.${field}`)}
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
    requests_per_minute: ["requests_per_minute", create.limits.requests_per_minute],
    publish_per_hour: ["publish_per_hour", create.limits.publish_per_hour],
    expires: ["expires", create.expiry],
    expires_at: ["expires_on", create.expiry],
    expires_on: ["expires_on", create.date],
    form_made_at: ["expires", create.thisForm],
  };
  return labels[field.replace(/^limits\./, "").split(".")[0] ?? ""] ?? ["access-full", create.permissions];
}
