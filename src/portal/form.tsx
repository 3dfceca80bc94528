/** The parts of a form: the form with its CSRF token, its fields, its problems, and its buttons. */
import type { Child } from "hono/jsx";
import { CSRF_FIELD, type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface FormProps {
  readonly c: PortalRequest;
  readonly action: string;
  readonly class?: string;
  readonly id?: string;
  /** The button's label after the form was submitted. */
  readonly busy?: string;
  readonly children?: Child;
}

/** A form that passes the CSRF check of this session. */
export function Form({ c, action, busy, children, ...rest }: FormProps) {
  return (
    <form method="post" action={action} data-busy={busy} {...rest}>
      <input type="hidden" name={CSRF_FIELD} value={c.var.csrfToken} />
      {children}
    </form>
  );
}

/** A labelled field with its hint and its problem. */
export function Field(props: {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly problem?: string | undefined;
  readonly input: (attributes: object) => Child;
}) {
  const { id, label, hint, problem, input } = props;
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {label} {problem}
        </p>
      )}
      {input({
        id,
        ...(described && { "aria-describedby": described }),
        ...(problem && { "aria-invalid": "true" }),
      })}
    </div>
  );
}

/** A search for keys. The browser refuses to send a whole key, which would become a part of the page's address. */
export function KeySearch(props: { readonly name: string; readonly label: string; readonly value: string }) {
  const { name, label, value } = props;
  return (
    <label class="broad">
      {label}
      <input
        type="search"
        name={name}
        value={value}
        maxlength={100}
        pattern="(?!.*oct_(live|test)_[0-9A-Za-z]{20}).*"
        title={texts.list.isKey}
      />
    </label>
  );
}

/** A choice of a filter. */
export function Options(props: {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly string[])[];
  readonly selected: string;
}) {
  return (
    <label>
      {props.label}
      <select name={props.name}>
        {props.options.map(([value = "", label = ""]) => (
          <option value={value} selected={value === props.selected}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The summary of a refused form, focused by the script; each problem links to its field. */
export function ProblemSummary({ of }: { readonly of: readonly (readonly [id: string, text: string])[] }) {
  if (of.length === 0) return "";
  return (
    <div class="note bad" role="alert" tabindex={-1} data-focus>
      <p>{texts.problems}</p>
      <ul>
        {of.map(([id, text]) => (
          <li>
            <a href={`#${id}`}>{text}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** `danger`: a destructive form. It may be shown in a dialog, which the cancel button closes. */
export function SubmitOrCancel(props: {
  readonly submit: Child;
  readonly danger?: boolean;
  /** Where the cancel button leads. */
  readonly back?: string;
}) {
  const { submit, danger = false, back = paths.keys } = props;
  return (
    <p class="actions">
      <button type="submit" class={danger ? "main danger" : "main"}>
        {submit}
      </button>
      <a class="button plain" href={back} data-close>
        {texts.cancel}
      </a>
    </p>
  );
}
