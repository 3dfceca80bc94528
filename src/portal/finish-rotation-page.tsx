/**
 * The last two steps of a rotation: whether the keys are used, and when the old one is revoked. Its revocation is
 * offered once the new key has been used; the form for a later end changes nothing that was not chosen.
 */
import { changeKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { loadKey, loadSuccessor } from "./account-keys.ts";
import { ProblemSummary } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { formatMinute } from "./format-time.ts";
import { KeyUses } from "./key-uses.tsx";
import { showPage } from "./layout.tsx";
import { refuse, refuseForm } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { ReceiptNote, readReceipt, redirectToReceipt } from "./receipts.tsx";
import { RotationSteps } from "./rotation-steps.tsx";
import { AS_SCHEDULED, KEEP, type Schedule, ScheduleForm, WHEN_CHOICES } from "./schedule-form.tsx";
import { texts } from "./texts.ts";

const SECOND_MS = 1000;
/** Longer than the pauses of most programs. */
const QUIET_AFTER_MS = 900_000;

/** The form as it was submitted, and why it was refused: its fields, or the state of the account. */
interface RefusedSchedule {
  readonly schedule: Schedule;
  readonly problems: FieldProblems;
  readonly refusal?: Refusal;
}

export async function showFinish(c: PortalRequest, key: ApiKey, refused?: RefusedSchedule) {
  const successor = await loadSuccessor(c, key);
  if (successor !== null && isRefusal(successor)) return refuse(c, successor);
  const now = c.env.now();
  const { rotate } = texts;
  const { schedule = AS_SCHEDULED, problems = NO_PROBLEMS, refusal } = refused ?? {};
  const { status = problems.size > 0 ? 422 : 200, note } = refusal ? refuseForm(c, refusal) : {};
  const isNewKeyUsed = successor !== null && successor.last_used_at !== null;
  return showPage(
    c,
    { title: rotate.title(key.name), nav: "keys", hasProblems: status !== 200, status },
    <section class="sheet form">
      <div id="steps" data-refresh={paths.rotate(key.id)}>
        <RotationSteps current={isNewKeyUsed && isQuiet(key, now) ? 4 : 3} />
      </div>
      <h1>{rotate.title(key.name)}</h1>
      <ReceiptNote of={await readReceipt(c, key.id)} outcome={endText(key)} />
      {note}
      <ProblemSummary
        of={[...problems].map(([field, text]) => [
          field,
          `${field === "at" ? rotate.at : rotate.when} ${text}`,
        ])}
      />
      <h2>{rotate.watch}</h2>
      <p>{rotate.watchHint}</p>
      <div id="uses" data-refresh={paths.rotate(key.id)}>
        <KeyUses old={key} successor={successor} now={now} />
      </div>
      <p class="hint">
        <a href={paths.rotate(key.id)}>{rotate.refresh}</a>{" "}
        <span data-script-only hidden>
          {rotate.autoRefresh}
        </span>
      </p>
      <h2>{rotate.steps[3]}</h2>
      <div id="last-step" class="column" data-refresh={paths.rotate(key.id)}>
        {isNewKeyUsed ? (
          <RevokeNow of={key} isInUse={!isQuiet(key, now)} />
        ) : (
          <p>
            {rotate.notYetOpen} <a href={paths.key(key.id)}>{rotate.revokeAnyway}</a>
          </p>
        )}
      </div>
      <ScheduleForm c={c} of={key} end={endText(key)} schedule={schedule} problems={problems} />
    </section>,
  );
}

export async function scheduleRevocation(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  const fields = new FormReader(c.var.form);
  const when = fields.choice("when", WHEN_CHOICES);
  const revokes_at = readRevocationTime(fields, when, c.env.now());
  const schedule = { when, at: fields.optional("at") ?? "" };
  if (fields.problems.size > 0) return await showFinish(c, key, { schedule, problems: fields.problems });
  const redirectToRotation = () =>
    redirectToReceipt(c, key.id, "rescheduled", undefined, paths.rotate(key.id));
  if (when === KEEP) return await redirectToRotation();
  const changed = await perform(c, changeKey, { id: key.id, body: { revokes_at } });
  if (!isRefusal(changed)) {
    if (revokes_at === null) return await redirectToReceipt(c, key.id, "revocation_cancelled", undefined);
    return await redirectToRotation();
  }
  if (changed.reason === "invalid_input") {
    const problems = new Map(Object.values(changed.details).map((text) => ["at", text]));
    return await showFinish(c, key, { schedule, problems });
  }
  return changed.reason === "conflict" ? await showConflict(c, schedule, changed) : refuse(c, changed);
}

/** Revoked in the meantime: the page of the key shows it. Otherwise the account may have no further active key. */
async function showConflict(c: PortalRequest, schedule: Schedule, refusal: Refusal) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  if (key.state !== "retiring") return c.redirect(paths.key(key.id), 303);
  return await showFinish(c, key, { schedule, problems: NO_PROBLEMS, refusal });
}

/** null: "never", `KEEP`, or a problem. */
function readRevocationTime(fields: FormReader, when: string, now: number): string | null {
  if (when === "date") return fields.utcTime("at");
  if (!/^\d+$/.test(when)) return null;
  return new Date(now + Number(when) * SECOND_MS).toISOString();
}

function endText({ revokes_at: at }: ApiKey): string {
  return at === null ? texts.rotate.notScheduled : texts.rotate.scheduled(formatMinute(at));
}

function RevokeNow({ of: key, isInUse }: { readonly of: ApiKey; readonly isInUse: boolean }) {
  const { rotate } = texts;
  return (
    <>
      <p>{isInUse ? rotate.stillInUse : rotate.unusedHint}</p>
      <a class="button danger" href={paths.revoke(key.id)} data-dialog>
        {rotate.revokeNow}
      </a>
    </>
  );
}

function isQuiet({ last_used_at: last }: ApiKey, now: number): boolean {
  return last === null || now - Date.parse(last) >= QUIET_AFTER_MS;
}
