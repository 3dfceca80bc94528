/** The last two steps of a rotation: whether the old key is still used, and when it is revoked. */
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form, ProblemSummary } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { formatMinute } from "./format-time.ts";
import { LastUsed } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { texts } from "./texts.ts";

const SECOND_MS = 1000;
/** Longer than the pauses of most programs. The page shows the time of last use as well. */
const UNUSED_AFTER_MS = 900_000;

export async function showFinish(c: PortalRequest, key: ApiKey, problems = NO_PROBLEMS) {
  const successor = await loadSuccessor(c, key);
  const { rotate } = texts;
  const hasProblems = problems.size > 0;
  return showPage(
    c,
    { title: rotate.title(key.name), nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <section class="sheet form">
      <RotationSteps current={isUnused(key, c.env.now()) ? 4 : 3} />
      <h1>{rotate.title(key.name)}</h1>
      <ProblemSummary
        of={[...problems].map(([field, text]) => [
          field,
          `${field === "at" ? rotate.at : rotate.revokeOldKey} ${text}`,
        ])}
      />
      <h2>{rotate.watch}</h2>
      <p>{rotate.watchHint}</p>
      <div class="uses" id="uses" data-refresh>
        {successor && (
          <KeyUse label={rotate.newKey} badge={newKeyBadge(successor)} of={successor} now={c.env.now()} />
        )}
        <KeyUse label={rotate.oldKey} badge={oldKeyBadge(key, c.env.now())} of={key} now={c.env.now()} />
      </div>
      <p class="hint">
        <a href={paths.rotate(key.id)}>{rotate.refresh}</a>{" "}
        <span data-script-only hidden>
          {rotate.autoRefresh}
        </span>
      </p>
      <h2>{rotate.steps[3]}</h2>
      <p>{rotate.unusedHint}</p>
      <a class="button danger" href={paths.revoke(key.id)} data-dialog>
        {rotate.revokeNow}
      </a>
      <ScheduleForm c={c} of={key} problems={problems} />
    </section>,
  );
}

export async function scheduleRevocation(c: PortalRequest) {
  const { operations, now } = c.env;
  const { session } = c.var;
  const id = c.req.param("id") ?? "";
  const caller = { actor: session.actor };
  const key = await operations.getKey(session.account, id);
  if (isRefusal(key)) return refuse(c, key);
  const fields = new FormReader(c.var.form);
  const revokesAt = readRevocationTime(fields, now());
  if (fields.problems.size > 0) return await showFinish(c, key, fields.problems);
  const changed = await operations.changeKey(session.account, id, { revokes_at: revokesAt }, caller);
  if (!isRefusal(changed)) return c.redirect(`${paths.key(id)}?saved=revocation`, 303);
  if (changed.reason === "invalid_input") {
    return await showFinish(c, key, new Map([["at", texts.notInFuture]]));
  }
  // Revoked in the meantime: the page of the key shows it.
  return changed.reason === "conflict" ? c.redirect(paths.key(id), 303) : refuse(c, changed);
}

function readRevocationTime(fields: FormReader, now: number): string | null {
  const when = fields.choice("when", ["never", "date", ...Object.keys(texts.rotate.overlaps)]);
  if (when === "date") return fields.utcTime("at");
  // "never", or a problem.
  if (!/^\d+$/.test(when)) return null;
  return new Date(now + Number(when) * SECOND_MS).toISOString();
}

interface UseBadge {
  readonly tone: "good" | "warn" | "neutral";
  readonly text: string;
}

function KeyUse(props: { label: string; badge: UseBadge; of: ApiKey; now: number }) {
  const { label, badge, of: key, now } = props;
  return (
    <div>
      <p>
        <strong>{label}</strong> <span class={`badge ${badge.tone}`}>{badge.text}</span>
      </p>
      <code>{key.hint}</code>
      <span>
        {texts.facts.lastUsed}: <LastUsed of={key} now={now} />
      </span>
    </div>
  );
}

function oldKeyBadge(key: ApiKey, now: number): UseBadge {
  return isUnused(key, now)
    ? { tone: "good", text: texts.rotate.unused }
    : { tone: "warn", text: texts.rotate.inUse };
}

function newKeyBadge(key: ApiKey): UseBadge {
  return key.last_used_at === null
    ? { tone: "neutral", text: texts.rotate.notUsedYet }
    : { tone: "good", text: texts.rotate.inUse };
}

function ScheduleForm(props: { c: PortalRequest; of: ApiKey; problems: FieldProblems }) {
  const { c, of: key, problems } = props;
  const { rotate } = texts;
  const choices = [
    ...Object.entries(rotate.overlaps).map(([seconds, label]) => [seconds, rotate.revokeIn(label)] as const),
    ["never", rotate.noRevocation] as const,
    ["date", rotate.revokeAt] as const,
  ];
  return (
    <Form c={c} action={paths.scheduleRevocation(key.id)} class="schedule timed">
      <h2>{rotate.schedule}</h2>
      <p>{key.revokes_at === null ? rotate.notScheduled : rotate.scheduled(formatMinute(key.revokes_at))}</p>
      <Field
        id="when"
        label={rotate.revokeOldKey}
        problem={problems.get("when")}
        input={(attributes) => (
          <select {...attributes} name="when">
            {choices.map(([value, label]) => (
              <option value={value} selected={problems.has("at") && value === "date"}>
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

function isUnused({ last_used_at: last }: ApiKey, now: number): boolean {
  return last === null || now - Date.parse(last) >= UNUSED_AFTER_MS;
}

async function loadSuccessor(c: PortalRequest, { replaced_by: id }: ApiKey): Promise<ApiKey | null> {
  if (id === null) return null;
  const key = await c.env.operations.getKey(c.var.session.account, id);
  return isRefusal(key) ? null : key;
}
