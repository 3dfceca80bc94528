/** The last steps of a rotation: whether anything still uses the old key, and when it ends. */
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form, Problems } from "./form.tsx";
import { chosenTime } from "./form-input.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { LastUsed } from "./shown-key.tsx";
import { toTheMinute } from "./shown-times.ts";
import { Steps } from "./steps.tsx";
import { texts } from "./texts.ts";

const EVENTS_SEARCHED = 200;
/** Longer than most programs pause; the time itself is shown beside it. */
const QUIET_AFTER_MS = 900_000;

export async function showRetiring(c: PortalRequest, key: ApiKey, problem?: string) {
  const successor = await findSuccessor(c, key.id);
  const { rotate } = texts;
  return showPage(
    c,
    {
      title: rotate.title(key.name),
      at: "keys",
      hasProblems: problem !== undefined,
      status: problem === undefined ? 200 : 422,
    },
    <section class="sheet form">
      <Steps at={isQuiet(key, c.env.now()) ? 4 : 3} />
      <h1>{rotate.title(key.name)}</h1>
      <Problems of={problem === undefined ? [] : [["at", `${rotate.at} ${problem}`]]} />
      <h2>{rotate.watch}</h2>
      <p>{rotate.watchHint}</p>
      <div class="uses" id="uses" data-refresh>
        {successor && <Use label={rotate.new} badge={newBadge(successor)} of={successor} now={c.env.now()} />}
        <Use label={rotate.old} badge={oldBadge(key, c.env.now())} of={key} now={c.env.now()} />
      </div>
      <p class="hint">
        <a href={paths.rotate(key.id)}>{rotate.refresh}</a>{" "}
        <span data-scripted hidden>
          {rotate.live}
        </span>
      </p>
      <h2>{rotate.steps[3]}</h2>
      <p>{rotate.quietHint}</p>
      <a class="button danger" href={paths.revoke(key.id)} data-dialog>
        {rotate.revokeNow}
      </a>
      <EndForm c={c} of={key} problem={problem} />
    </section>,
  );
}

export async function setEnd(c: PortalRequest) {
  const { operations, now } = c.env;
  const { form, visit } = c.var;
  const id = c.req.param("id") ?? "";
  const by = { actor: visit.actor };
  const key = await operations.getKey(visit.account, id);
  if (isRefusal(key)) return refuse(c, key);
  const revokesAt = chosenTime(form.get("when") ?? "", form.get("at") ?? "", now());
  if (revokesAt === undefined) return await showRetiring(c, key, texts.rotate.atMissing);
  const changed = await operations.changeKey(visit.account, id, { revokes_at: revokesAt }, by);
  if (!isRefusal(changed)) return c.redirect(`${paths.key(id)}?saved=end`, 303);
  if (changed.reason === "invalid_input") return await showRetiring(c, key, texts.rotate.atMissing);
  // Revoked meanwhile: its page says so.
  return changed.reason === "conflict" ? c.redirect(paths.key(id), 303) : refuse(c, changed);
}

interface UseBadge {
  readonly tone: "fresh" | "quiet" | "used" | "unused";
  readonly text: string;
}

function Use(props: { label: string; badge: UseBadge; of: ApiKey; now: number }) {
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

function oldBadge(key: ApiKey, now: number): UseBadge {
  return isQuiet(key, now)
    ? { tone: "quiet", text: texts.rotate.quietKey }
    : { tone: "used", text: texts.rotate.busyKey };
}

function newBadge(key: ApiKey): UseBadge {
  return key.last_used_at === null
    ? { tone: "unused", text: texts.rotate.unusedKey }
    : { tone: "fresh", text: texts.rotate.busyKey };
}

function EndForm({ c, of: key, problem }: { c: PortalRequest; of: ApiKey; problem: string | undefined }) {
  const { rotate } = texts;
  const choices = [
    ...Object.entries(rotate.overlaps).map(([seconds, label]) => [seconds, rotate.endIn(label)] as const),
    ["never", rotate.endNot] as const,
    ["date", rotate.endAt] as const,
  ];
  return (
    <Form c={c} action={paths.end(key.id)} class="later timed">
      <h2>{rotate.later}</h2>
      <p>{key.revokes_at === null ? rotate.endNever : rotate.endNow(toTheMinute(key.revokes_at))}</p>
      <Field
        id="when"
        label={rotate.when}
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

function isQuiet({ last_used_at: last }: ApiKey, now: number): boolean {
  return last === null || now - Date.parse(last) >= QUIET_AFTER_MS;
}

/** The key that was made to replace this one, if the log of recent events says so. */
async function findSuccessor(c: PortalRequest, oldId: string): Promise<ApiKey | null> {
  const { operations } = c.env;
  const { account } = c.var.visit;
  const page = await operations.listEvents(account, { limit: EVENTS_SEARCHED });
  if (isRefusal(page)) return null;
  const id = page.events.find(
    ({ action, details }) => action === "created" && details.replaces === oldId,
  )?.key_id;
  if (!id) return null;
  const key = await operations.getKey(account, id);
  return isRefusal(key) ? null : key;
}
