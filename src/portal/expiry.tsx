/** When a key expires: a number of days from the making of the form, a date, or never. */
import type { ApiKey } from "../keys/api-key.ts";
import { Field } from "./form.tsx";
import type { FieldProblems, FormReader } from "./form-values.ts";
import { texts } from "./texts.ts";

const DAY_MS = 86_400_000;
const PRESET_DAYS = ["7", "30", "90", "365"];

export const EXPIRY_CHOICES: readonly string[] = ["never", "date", ...PRESET_DAYS];

/** Counted from the time of the form, so that submitting it again means the same expiry. */
export function readExpiry(fields: FormReader, expires: string, now: number): string | null {
  if (expires === "date") {
    const end = fields.endOfDay("expires_on");
    if (Date.parse(end) <= now) fields.addProblem("expires_on", texts.notInFuture);
    return end;
  }
  if (!PRESET_DAYS.includes(expires)) return null;
  return new Date(fields.formMadeAt(now) + Number(expires) * DAY_MS).toISOString();
}

/** At least 1; only of a key that expires. */
export function lifetimeDays({ created_at, expires_at }: ApiKey): number {
  return Math.max(1, Math.round((Date.parse(expires_at ?? created_at) - Date.parse(created_at)) / DAY_MS));
}

/** The choice that gives a new key the lifetime of this one, in whole days. */
export function expiryLike(key: ApiKey, now: number) {
  if (key.expires_at === null) return { expires: "never", expiresOn: "" };
  const days = lifetimeDays(key);
  if (PRESET_DAYS.includes(String(days))) return { expires: String(days), expiresOn: "" };
  return { expires: "date", expiresOn: new Date(now + days * DAY_MS).toISOString().slice(0, 10) };
}

export function ExpiryField(props: {
  readonly expires: string;
  readonly expiresOn: string;
  readonly problems: FieldProblems;
  /** A choice before the others, such as keeping the present expiry. */
  readonly first?: readonly [value: string, label: string];
}) {
  const { expires, expiresOn, problems, first } = props;
  const { create } = texts;
  const choices: readonly (readonly [value: string, label: string])[] = [
    ...(first ? [first] : []),
    // Keeping a key that never expires is the same choice.
    ...(first?.[1] === create.neverExpires ? [] : [["never", create.neverExpires] as const]),
    ...PRESET_DAYS.map((days) => [days, create.inDays(days)] as const),
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
              <option value={value} selected={value === expires}>
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
          input={(attributes) => <input {...attributes} type="date" name="expires_on" value={expiresOn} />}
        />
      </div>
    </div>
  );
}
