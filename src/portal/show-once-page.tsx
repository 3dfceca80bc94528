/**
 * Shows the secret of a new key once. The ledger deletes its sealed copy when it returns the secret, so no reload, no
 * second tab and no going back shows it again. A user who has lost it can replace the key.
 */
import type { ApiKey } from "../keys/api-key.ts";
import type { KeyToShow } from "../ledger/portal-access.ts";
import { isRefusal } from "../refusals.ts";
import { loadKey } from "./account-keys.ts";
import { firstRequest } from "./first-request.ts";
import { Form } from "./form.tsx";
import { Badges, LastUse } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { LeaveDialog } from "./leave-dialog.tsx";
import { refuse } from "./notices.tsx";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { SECRET_SCRIPT } from "./secret-script.ts";
import { texts } from "./texts.ts";

export async function showOncePage(c: PortalRequest) {
  if (isPrefetch(c)) return refuse(c, { reason: "prefetch_refused" });
  const key = await c.env.controlPlane.portal.showOnce(c.var.session, c.req.param("form") ?? "");
  if (isRefusal(key)) return refuse(c, key);
  return key.secret === null ? await showAlreadyShown(c, key) : showSecret(c, key, key.secret);
}

function showSecret(c: PortalRequest, key: KeyToShow, secret: string) {
  const predecessor = "replaces" in key ? key.replaces : null;
  const isRotation = predecessor !== null && predecessor.revoked_at === null;
  const title = predecessor === null ? texts.secret.title : texts.secret.rotatedTitle;
  return showPage(
    c,
    { title, nav: "keys", script: SECRET_SCRIPT },
    <section class="sheet form">
      {predecessor !== null && <RotationSteps current={2} isAtOnce={!isRotation} />}
      <h1>{title}</h1>
      <h2>{key.name}</h2>
      <Badges of={key} now={c.env.now()} />
      <p>{permissionText(key.permissions)}</p>
      {predecessor !== null && <Predecessor of={predecessor} />}
      <div class="note warn" role="alert">
        <p>{texts.secret.once}</p>
      </div>
      <Copyable id="key" label={texts.secret.label} text={secret} copy={texts.secret.copyKey} />
      <p class="hint">{texts.secret.storage}</p>
      <FirstRequest c={c} of={key} secret={secret} />
      <p class="actions">
        <a class="button main" href={isRotation ? paths.rotate(predecessor.id) : paths.keys} data-after-copy>
          {isRotation ? texts.secret.next : texts.secret.done}
        </a>
      </p>
      <LeaveDialog />
    </section>,
  );
}

function Predecessor({ of: key }: { readonly of: ApiKey }) {
  return (
    <p>
      {texts.secret.replaces} <a href={paths.key(key.id)}>{key.hint}</a>
      {key.revoked_at === null ? "." : texts.secret.replacedIsRevoked}
    </p>
  );
}

/** A page that is loaded ahead may never be seen. `Purpose`: browsers from before `Sec-Purpose`. */
function isPrefetch(c: PortalRequest): boolean {
  return [c.req.header("Sec-Purpose"), c.req.header("Purpose")].some((purpose) =>
    purpose?.includes("prefetch"),
  );
}

async function showAlreadyShown(c: PortalRequest, shown: KeyToShow) {
  const { secret } = texts;
  const key = await loadKey(c, shown.id);
  if (isRefusal(key)) return refuse(c, key);
  const isActive = key.state === "active";
  return showPage(
    c,
    { title: secret.shownTitle, nav: "keys" },
    <section class="sheet form">
      <h1>{secret.shownTitle}</h1>
      <h2>{key.name}</h2>
      <code>{key.hint}</code>
      <Badges of={key} now={c.env.now()} />
      <p>{secret.shown}</p>
      {isActive && <ReplaceForm c={c} of={key} />}
      <p class="actions">
        <a class="button" href={paths.key(key.id)}>
          {secret.toKey}
        </a>
        {"replaces" in shown && shown.replaces.revoked_at === null && (
          <a class="button" href={paths.rotate(shown.replaces.id)}>
            {texts.list.continueRotation}
          </a>
        )}
      </p>
    </section>,
  );
}

function ReplaceForm({ c, of: key }: { readonly c: PortalRequest; readonly of: ApiKey }) {
  const { secret } = texts;
  return (
    <Form c={c} action={paths.replace(key.id)} class="replace" busy={secret.replacing}>
      <input type="hidden" name="form_id" value={crypto.randomUUID()} />
      <p>
        {secret.replaceHint} <LastUse of={key} now={c.env.now()} />
      </p>
      <button type="submit" class="main">
        {secret.replace}
      </button>
    </Form>
  );
}

function FirstRequest({ c, of: key, secret }: { c: PortalRequest; of: KeyToShow; secret: string }) {
  const { settings } = c.env;
  const request = firstRequest(key, settings.sandboxOrigin !== null);
  if (request === null) return <p class="hint">{texts.secret.noRequest}</p>;
  const { method, path, isRead } = request;
  const curl = isRead ? "curl" : `curl -i -X ${method}`;
  return (
    <>
      <Copyable
        id="curl"
        label={texts.secret.curlLabel}
        text={`${curl} ${apiOrigin(c)}${path} \\\n  -H "Authorization: Bearer ${secret}"`}
        copy={texts.secret.copyCommand}
      />
      {!isRead && <p class="hint">{texts.secret.harmless}</p>}
    </>
  );
}

/**
 * A text field, so that it can be copied with the keyboard alone. `data-secret`: the script removes it when the page is
 * left, so that the browser's back-forward cache does not keep it.
 */
function Copyable(props: { id: string; label: string; text: string; copy: string }) {
  const { id, label, text, copy } = props;
  return (
    <div class="copyable">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        readonly
        rows={text.split("\n").length}
        autocomplete="off"
        spellcheck={false}
        data-secret
      >
        {text}
      </textarea>
      <button type="button" data-copy={id} hidden>
        {copy}
      </button>
    </div>
  );
}

/** The origin of the API; with `CONTROL_HOST` set, that is not the host of this page. */
function apiOrigin(c: PortalRequest): string {
  const { controlHost, publicOrigin } = c.env.settings;
  return controlHost === null ? new URL(c.req.url).origin : publicOrigin;
}
