/**
 * Rotates a key in the four steps of the Octopost documentation: create the new key, copy it (show-once-page.tsx), wait
 * until the old key is unused, revoke it (finish-rotation-page.tsx). The step follows from the key alone, so a rotation
 * can be interrupted and continued.
 */
import type { ApiKey } from "../keys/api-key.ts";
import { keyState } from "../keys/key-state.ts";
import { isRefusal } from "../refusals.ts";
import { showFinish } from "./finish-rotation-page.tsx";
import { Field, Form, SubmitOrCancel } from "./form.tsx";
import { Badges } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { texts } from "./texts.ts";

const OVERLAP_DEFAULT = "86400";

export async function rotatePage(c: PortalRequest) {
  const { operations, now } = c.env;
  const key = await operations.getKey(c.var.session.account, c.req.param("id") ?? "");
  if (isRefusal(key)) return refuse(c, key);
  const state = keyState(key, now());
  if (state === "retiring") return await showFinish(c, key);
  if (state !== "active") return showNotRotatable(c, key, texts.rotate[state]);
  return showStart(c, key);
}

export async function rotateKey(c: PortalRequest) {
  const { operations } = c.env;
  const { form, session } = c.var;
  const id = c.req.param("id") ?? "";
  const formId = form.get("form_id") ?? "";
  const rotated = await operations.rotateKey(
    session.account,
    id,
    { overlap_seconds: Number(form.get("overlap")) },
    { actor: session.actor, idempotency_key: await operations.portal.formKey(session, formId) },
  );
  if (!isRefusal(rotated)) return c.redirect(paths.showOnce(formId), 303);
  // Revoked or expired in the meantime, or an overlap that the form does not offer: show the current state.
  const isOutOfDate = rotated.reason === "conflict" || rotated.reason === "invalid_input";
  return isOutOfDate ? c.redirect(paths.rotate(id), 303) : refuse(c, rotated);
}

function showStart(c: PortalRequest, key: ApiKey) {
  const { rotate } = texts;
  return showPage(
    c,
    { title: rotate.title(key.name), nav: "keys" },
    <Form c={c} action={paths.rotate(key.id)} class="sheet form" busy={rotate.busy}>
      <RotationSteps current={1} />
      <h1>{rotate.title(key.name)}</h1>
      <code>{key.hint}</code>
      <Badges of={key} now={c.env.now()} />
      <p>{rotate.explain(permissionText(key.permissions))}</p>
      <input type="hidden" name="form_id" value={crypto.randomUUID()} />
      <Field
        id="overlap"
        label={rotate.overlap}
        hint={rotate.overlapHint}
        input={(attributes) => (
          <select {...attributes} name="overlap">
            {Object.entries(rotate.overlaps).map(([seconds, label]) => (
              <option value={seconds} selected={seconds === OVERLAP_DEFAULT}>
                {label}
              </option>
            ))}
          </select>
        )}
      />
      <SubmitOrCancel submit={rotate.submit} />
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
        {texts.notice.toKeys}
      </a>
    </section>,
  );
}
