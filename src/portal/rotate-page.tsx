/**
 * Rotates a key in the four steps of the Octopost documentation: create the new key, copy it (show-once-page.tsx), wait
 * until the old key is unused, revoke it (finish-rotation-page.tsx). The step follows from the key alone, so a rotation
 * can be interrupted and continued. Replacing a key that was lost is a rotation that keeps the old key for no time.
 */
import { rotateKey as rotateKeyOperation } from "../control/operations/keys.ts";
import type { Account } from "../keys/account.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { loadAccount } from "./account-plan.ts";
import { lifetimeDays } from "./expiry.tsx";
import { showFinish } from "./finish-rotation-page.tsx";
import { Field, Form, ProblemSummary, SubmitOrCancel } from "./form.tsx";
import { type FieldProblems, FormReader, NO_PROBLEMS } from "./form-values.ts";
import { Badges } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse, refuseForm } from "./notices.tsx";
import { performOnce } from "./perform.ts";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { texts } from "./texts.ts";

const OVERLAP_DEFAULT = "86400";
const NO_OVERLAP = "0";
const OVERLAPS = [[NO_OVERLAP, texts.rotate.noOverlap], ...Object.entries(texts.rotate.overlaps)] as const;
const SECONDS_OFFERED: readonly string[] = OVERLAPS.map(([seconds]) => seconds);

/** The form as it was submitted, and why it was refused: its fields, or the state of the key or the account. */
interface RefusedRotation {
  /** One of `SECONDS_OFFERED` in a form that is in order. */
  readonly overlap: string;
  readonly problems: FieldProblems;
  readonly refusal?: Refusal;
}

export function rotatePage(c: PortalRequest) {
  return showRotation(c);
}

async function showRotation(c: PortalRequest, refused?: RefusedRotation) {
  const key = await loadKey(c);
  if (isRefusal(key)) return refuse(c, key);
  const { state } = key;
  if (refused && state !== "active") return c.redirect(paths.rotate(key.id), 303);
  if (state === "retiring") return await showFinish(c, key);
  if (state !== "active") return showNotRotatable(c, key, texts.rotate[state]);
  const account = await loadAccount(c);
  if (isRefusal(account)) return refuse(c, account);
  return showStart(c, key, successorDays(key, account), refused);
}

export async function rotateKey(c: PortalRequest) {
  const fields = new FormReader(c.var.form);
  const overlap = fields.choice("overlap", SECONDS_OFFERED);
  const formId = fields.formId();
  return await rotate(c, formId, overlap, fields.problems);
}

/** Replaces a key whose text was lost when it was shown: the key is revoked at once. */
export async function replaceKey(c: PortalRequest) {
  const fields = new FormReader(c.var.form);
  const formId = fields.formId();
  return await rotate(c, formId, NO_OVERLAP, fields.problems);
}

async function rotate(c: PortalRequest, formId: string, overlap: string, problems: FieldProblems) {
  if (problems.size > 0) return await showRotation(c, { overlap, problems });
  const id = c.req.param("id") ?? "";
  const body = { overlap_seconds: Number(overlap) };
  const rotated = await performOnce(c, formId, rotateKeyOperation, { id, body });
  if (!isRefusal(rotated) || rotated.reason === "secret_withheld")
    return c.redirect(paths.showOnce(formId), 303);
  // Rotated, revoked or expired in the meantime, or not allowed by the account's policy.
  if (rotated.reason === "conflict") return await showRotation(c, { overlap, problems, refusal: rotated });
  // Submitted before with another overlap: the page shows the outcome.
  return rotated.reason === "invalid_input" ? c.redirect(paths.rotate(id), 303) : refuse(c, rotated);
}

/** The lifetime of the new key; null: it never expires. */
function successorDays(key: ApiKey, { policy }: Account): number | null {
  const days = key.expires_at === null ? Number.POSITIVE_INFINITY : lifetimeDays(key);
  const lifetime = Math.min(days, policy.max_lifetime_days ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(lifetime) ? lifetime : null;
}

function showStart(c: PortalRequest, key: ApiKey, days: number | null, refused: RefusedRotation | undefined) {
  const { rotate } = texts;
  const { overlap = "", problems = NO_PROBLEMS, refusal } = refused ?? {};
  const selected = SECONDS_OFFERED.includes(overlap) ? overlap : OVERLAP_DEFAULT;
  const { status = problems.size > 0 ? 422 : 200, note } = refusal ? refuseForm(c, refusal) : {};
  return showPage(
    c,
    { title: rotate.title(key.name), nav: "keys", hasProblems: status !== 200, status },
    <Form c={c} action={paths.rotate(key.id)} class="sheet form" busy={rotate.busy}>
      <RotationSteps current={1} class="later" />
      <RotationSteps current={1} class="at-once" isAtOnce />
      <h1>{rotate.title(key.name)}</h1>
      <code>{key.hint}</code>
      <Badges of={key} now={c.env.now()} />
      {note}
      <ProblemSummary
        of={[...problems].map(([field, text]) => [
          "overlap",
          `${field === "overlap" ? rotate.overlap : texts.create.thisForm} ${text}`,
        ])}
      />
      <p>{rotate.explain(permissionText(key.permissions))}</p>
      <p>{days === null ? rotate.neverExpires : rotate.expires(days)}</p>
      <input type="hidden" name="form_id" value={crypto.randomUUID()} />
      <Field
        id="overlap"
        label={rotate.overlap}
        hint={rotate.overlapHint}
        problem={problems.get("overlap")}
        input={(attributes) => (
          <select {...attributes} name="overlap">
            {OVERLAPS.map(([seconds, label]) => (
              <option value={seconds} selected={seconds === selected}>
                {label}
              </option>
            ))}
          </select>
        )}
      />
      <p class="later">{rotate.bothWork}</p>
      <p class="at-once note warn">{rotate.failsAtOnce}</p>
      <SubmitOrCancel
        submit={
          <>
            <span class="later">{rotate.submit}</span>
            <span class="at-once">{rotate.submitAtOnce}</span>
          </>
        }
      />
    </Form>,
  );
}

function showNotRotatable(c: PortalRequest, key: ApiKey, explanation: string) {
  return showPage(
    c,
    { title: texts.rotate.title(key.name), nav: "keys" },
    <section class="sheet form">
      <h1>{texts.rotate.title(key.name)}</h1>
      <p>{explanation}</p>
      <a class="button main" href={paths.keys}>
        {texts.toKeys}
      </a>
    </section>,
  );
}
