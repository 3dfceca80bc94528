/** The form that moves the end of a rotated key. Submitted as it is, it changes nothing. */
import type { ApiKey } from "../keys/api-key.ts";
import { Field, Form } from "./form.tsx";
import type { FieldProblems } from "./form-values.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** The fields as they were submitted. */
export interface Schedule {
  /** One of `WHEN_CHOICES` in a form that is in order. */
  readonly when: string;
  /** For `when` = "date". */
  readonly at: string;
}

export const KEEP = "keep";
export const AS_SCHEDULED: Schedule = { when: KEEP, at: "" };
export const WHEN_CHOICES: readonly string[] = [KEEP, "never", "date", ...Object.keys(texts.rotate.overlaps)];

export function ScheduleForm(props: {
  readonly c: PortalRequest;
  readonly of: ApiKey;
  /** When the key is revoked, as a sentence. */
  readonly end: string;
  readonly schedule: Schedule;
  readonly problems: FieldProblems;
}) {
  const { c, of: key, end, schedule, problems } = props;
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
              <option value={value} selected={value === schedule.when}>
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
          input={(attributes) => (
            <input {...attributes} type="datetime-local" name="at" value={schedule.at} />
          )}
        />
      </div>
      <button type="submit">{rotate.save}</button>
    </Form>
  );
}
