/**
 * The last two steps of a rotation: whether the keys are used, and when the old one is revoked. Its revocation is
 * offered once the new key has been used; the form for a later end changes nothing that was not chosen.
 */
import { changeKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey, loadSuccessor } from "./account-keys.ts";
import { ProblemSummary } from "./form.tsx";
import { FormReader, NO_PROBLEMS } from "./form-values.ts";
import { formatMinute } from "./format-time.ts";
import { KeyUses } from "./key-uses.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { perform } from "./perform.ts";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { KEEP, ScheduleForm, WHEN_CHOICES } from "./schedule-form.tsx";
import { texts } from "./texts.ts";

const SECOND_MS = 1000;
/** Longer than the pauses of most programs. */
const QUIET_AFTER_MS = 900_000;

export async function showFinish(c: PortalRequest, key: ApiKey, problems = NO_PROBLEMS) {
  const successor = await loadSuccessor(c, key);
  const now = c.env.now();
  const { rotate } = texts;
  const hasProblems = problems.size > 0;
  const isNewKeyUsed = successor !== null && successor.last_used_at !== null;
  return showPage(
    c,
    { title: rotate.title(key.name), nav: "keys", hasProblems, status: hasProblems ? 422 : 200 },
    <section class="sheet form">
      <div id="steps" data-refresh>
        <RotationSteps current={isNewKeyUsed && isQuiet(key, now) ? 4 : 3} />
      </div>
      <h1>{rotate.title(key.name)}</h1>
      {c.req.query("saved") === "revocation" && (
        <p class="note good" role="status">
          {rotate.saved} {endText(key)}
        </p>
      )}
      <ProblemSummary
        of={[...problems].map(([field, text]) => [
          field,
          `${field === "at" ? rotate.at : rotate.when} ${text}`,
        ])}
      />
      <h2>{rotate.watch}</h2>
      <p>{rotate.watchHint}</p>
      <div id="uses" data-refresh>
        <KeyUses old={key} successor={successor} now={now} />
      </div>
      <p class="hint">
        <a href={paths.rotate(key.id)}>{rotate.refresh}</a>{" "}
        <span data-script-only hidden>
          {rotate.autoRefresh}
        </span>
      </p>
      <h2>{rotate.steps[3]}</h2>
      <div id="last-step" class="column" data-refresh>
        {isNewKeyUsed ? (
          <RevokeNow of={key} isInUse={!isQuiet(key, now)} />
        ) : (
          <p>
            {rotate.notYetOpen} <a href={paths.key(key.id)}>{rotate.revokeAnyway}</a>
          </p>
        )}
      </div>
      <ScheduleForm c={c} of={key} end={endText(key)} problems={problems} />
    </section>,
  );
}

export async function scheduleRevocation(c: PortalRequest) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  const fields = new FormReader(c.var.form);
  const when = fields.choice("when", WHEN_CHOICES);
  const revokes_at = readRevocationTime(fields, when, c.env.now());
  if (fields.problems.size > 0) return await showFinish(c, key, fields.problems);
  if (when === KEEP) return c.redirect(`${paths.rotate(key.id)}?saved=revocation`, 303);
  const changed = await perform(c, changeKey, { id: key.id, body: { revokes_at } });
  if (!isRefusal(changed)) {
    const path = revokes_at === null ? paths.key(key.id) : paths.rotate(key.id);
    return c.redirect(`${path}?saved=revocation`, 303);
  }
  if (changed.reason === "invalid_input") {
    return await showFinish(c, key, new Map([["at", texts.notInFuture]]));
  }
  // Revoked in the meantime: the page of the key shows it.
  return changed.reason === "conflict" ? c.redirect(paths.key(key.id), 303) : refuse(c, changed);
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
