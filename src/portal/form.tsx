/** The parts of a form: itself, its fields, what is wrong with it, and how it is sent or left. */
import type { Child } from "hono/jsx";
import { FORM_TOKEN, type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

interface FormProps {
  readonly c: PortalRequest;
  readonly action: string;
  readonly class?: string;
  /** What is said while the answer is awaited. */
  readonly busy?: string;
  readonly children?: Child;
}

/** A form that only this session's pages can send. */
export function Form({ c, action, busy, children, ...rest }: FormProps) {
  return (
    <form method="post" action={action} data-busy={busy} {...rest}>
      <input type="hidden" name={FORM_TOKEN} value={c.var.formToken} />
      {children}
    </form>
  );
}

/** A field of a form, with what is wrong with it. */
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

/** What is wrong with a form, said first; each problem leads to its field. */
export function Problems({ of }: { readonly of: readonly (readonly [id: string, text: string])[] }) {
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

/** What a form ends with. `danger`: it takes something away; then it may be in a dialog, which cancelling closes. */
export function SendOrCancel({ send, danger = false }: { readonly send: string; readonly danger?: boolean }) {
  return (
    <p class="actions">
      <button type="submit" class={danger ? "main danger" : "main"}>
        {send}
      </button>
      <a class="button plain" href={paths.keys} {...(danger && { "data-close": true })}>
        {texts.cancel}
      </a>
    </p>
  );
}
