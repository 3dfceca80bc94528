/**
 * Rotating a key in the documentation's four steps: make the successor, copy it (made-key-page.tsx), see the old key
 * go quiet, revoke it now or at a chosen time. Which step it is follows from the key alone, so it can be left and
 * taken up again.
 */
import type { ApiKey } from "../keys/api-key.ts";
import { keyState } from "../keys/key-state.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form, SendOrCancel } from "./form.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { showRetiring } from "./retire-page.tsx";
import { Badges, permissionWords } from "./shown-key.tsx";
import { Steps } from "./steps.tsx";
import { texts } from "./texts.ts";

const OVERLAP_DEFAULT = "86400";

export async function rotatePage(c: PortalRequest) {
  const { operations, now } = c.env;
  const key = await operations.getKey(c.var.visit.account, c.req.param("id") ?? "");
  if (isRefusal(key)) return refuse(c, key);
  const state = keyState(key, now());
  if (state === "retiring") return await showRetiring(c, key);
  if (state !== "active") return showTooLate(c, key, texts.rotate[state === "revoked" ? "ended" : "expired"]);
  return showStart(c, key);
}

export async function makeSuccessor(c: PortalRequest) {
  const { operations } = c.env;
  const { form, visit } = c.var;
  const id = c.req.param("id") ?? "";
  const formId = form.get("form_id") ?? "";
  const rotated = await operations.rotateKey(
    visit.account,
    id,
    { overlap_seconds: Number(form.get("overlap")) },
    { actor: visit.actor, idempotency_key: await operations.portal.formKey(visit, formId) },
  );
  if (!isRefusal(rotated)) return c.redirect(paths.made(formId), 303);
  // Revoked or expired meanwhile, or an overlap that the form does not offer: its page says how things are.
  const isOutOfDate = rotated.reason === "conflict" || rotated.reason === "invalid_input";
  return isOutOfDate ? c.redirect(paths.rotate(id), 303) : refuse(c, rotated);
}

function showStart(c: PortalRequest, key: ApiKey) {
  const { rotate } = texts;
  return showPage(
    c,
    { title: rotate.title(key.name), at: "keys" },
    <Form c={c} action={paths.rotate(key.id)} class="sheet form" busy={rotate.busy}>
      <Steps at={1} />
      <h1>{rotate.title(key.name)}</h1>
      <code>{key.hint}</code>
      <Badges of={key} now={c.env.now()} />
      <p>{rotate.explain(permissionWords(key.permissions))}</p>
      <input type="hidden" name="form_id" value={crypto.randomUUID()} />
      <Field
        id="overlap"
        label={rotate.keepFor}
        hint={rotate.keepHint}
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
      <SendOrCancel send={rotate.submit} />
    </Form>,
  );
}

function showTooLate(c: PortalRequest, key: ApiKey, why: string) {
  return showPage(
    c,
    { title: texts.rotate.title(key.name), at: "keys" },
    <section class="sheet form">
      <h1>{texts.rotate.title(key.name)}</h1>
      <p>{why}</p>
      <a class="button main" href={paths.keys}>
        {texts.notice.toKeys}
      </a>
    </section>,
  );
}
