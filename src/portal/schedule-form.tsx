/** The form that moves the end of a rotated key. Submitted as it is, it changes nothing. */
import type { ApiKey } from "../keys/api-key.ts";
import { Field, Form } from "./form.tsx";
import type { FieldProblems } from "./form-values.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

export const KEEP = "keep";
export const WHEN_CHOICES: readonly string[] = [KEEP, "never", "date", ...Object.keys(texts.rotate.overlaps)];

export function ScheduleForm(props: { c: PortalRequest; of: ApiKey; end: string; problems: FieldProblems }) {
  const { c, of: key, end, problems } = props;
  const { rotate } = texts;
  const choices = [
    [KEEP, rotate.keep] as const,
    ...Object.entries(rotate.overlaps).map(([seconds, label]) => [seconds, rotate.revokeIn(label)] as const),
    ["date", rotate.revokeAt] as const,
    ["never", rotate.noRevocation] as const,
  ];
  return (
    <Form c={c} action={paths.scheduleRevocation(key.id)} class="schedule timed">
      <h2>{rotate.schedule}</h2>
      <p>{end}</p>
      <Field
        id="when"
        label={rotate.when}
        problem={problems.get("when")}
        input={(attributes) => (
          <select {...attributes} name="when">
            {choices.map(([value, label]) => (
              <option value={value} selected={value === (problems.has("at") ? "date" : KEEP)}>
                {label}
              </option>
            ))}
          </select>
        )}
      />
      <div class="on-date">
        <Field
          id="at"
          label={rotate.at}
          problem={problems.get("at")}
          input={(attributes) => <input {...attributes} type="datetime-local" name="at" />}
        />
      </div>
      <button type="submit">{rotate.save}</button>
    </Form>
  );
}
