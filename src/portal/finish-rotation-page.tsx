/** The last two steps of a rotation: whether the old key is still used, and when it is revoked. */
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form, ProblemSummary } from "./form.tsx";
import { selectedTime } from "./form-values.ts";
import { formatMinute } from "./format-time.ts";
import { LastUsed } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { texts } from "./texts.ts";

const EVENTS_SEARCHED = 200;
/** Longer than the pauses of most programs. The page shows the time of last use as well. */
const UNUSED_AFTER_MS = 900_000;

export async function showFinish(c: PortalRequest, key: ApiKey, problem?: string) {
  const successor = await findSuccessor(c, key.id);
  const { rotate } = texts;
  return showPage(
    c,
    {
      title: rotate.title(key.name),
      nav: "keys",
      hasProblems: problem !== undefined,
      status: problem === undefined ? 200 : 422,
    },
    <section class="sheet form">
      <RotationSteps current={isUnused(key, c.env.now()) ? 4 : 3} />
      <h1>{rotate.title(key.name)}</h1>
      <ProblemSummary of={problem === undefined ? [] : [["at", `${rotate.at} ${problem}`]]} />
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
      <ScheduleForm c={c} of={key} problem={problem} />
    </section>,
  );
}

export async function scheduleRevocation(c: PortalRequest) {
  const { operations, now } = c.env;
  const { form, session } = c.var;
  const id = c.req.param("id") ?? "";
  const caller = { actor: session.actor };
  const key = await operations.getKey(session.account, id);
  if (isRefusal(key)) return refuse(c, key);
  const revokesAt = selectedTime(form.get("when") ?? "", form.get("at") ?? "", now());
  if (revokesAt === undefined) return await showFinish(c, key, texts.notInFuture);
  const changed = await operations.changeKey(session.account, id, { revokes_at: revokesAt }, caller);
  if (!isRefusal(changed)) return c.redirect(`${paths.key(id)}?saved=revocation`, 303);
  if (changed.reason === "invalid_input") return await showFinish(c, key, texts.notInFuture);
  // Revoked in the meantime: the page of the key shows it.
  return changed.reason === "conflict" ? c.redirect(paths.key(id), 303) : refuse(c, changed);
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

function ScheduleForm({
  c,
  of: key,
  problem,
}: {
  c: PortalRequest;
  of: ApiKey;
  problem: string | undefined;
}) {
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
        input={(attributes) => (
          <select {...attributes} name="when">
            {choices.map(([value, label]) => (
              <option value={value} selected={problem !== undefined && value === "date"}>
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
          problem={problem}
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

/** The key that replaces this one, if the recent events name it. */
async function findSuccessor(c: PortalRequest, oldId: string): Promise<ApiKey | null> {
  const { operations } = c.env;
  const { account } = c.var.session;
  const page = await operations.listEvents(account, { limit: EVENTS_SEARCHED });
  if (isRefusal(page)) return null;
  const id = page.events.find(
    ({ action, details }) => action === "created" && details.replaces === oldId,
  )?.key_id;
  if (!id) return null;
  const key = await operations.getKey(account, id);
  return isRefusal(key) ? null : key;
}
