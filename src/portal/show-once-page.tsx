/**
 * Shows the secret of a new key once. The ledger deletes its sealed copy when it hands the secret over, so no reload, no
 * second tab and no going back shows it again.
 */
import type { KeyToShow } from "../ledger/portal-access.ts";
import { isRefusal } from "../refusals.ts";
import { Badges } from "./key-summary.tsx";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { RotationSteps } from "./rotation-steps.tsx";
import { texts } from "./texts.ts";

export async function showOncePage(c: PortalRequest) {
  const { operations, now } = c.env;
  if (isPrefetch(c)) return refuse(c, { reason: "prefetch_refused" });
  const key = await operations.portal.showOnce(c.var.session, c.req.param("form") ?? "");
  if (isRefusal(key)) return refuse(c, key);
  const { secret } = key;
  const isRotation = "replaces" in key;
  if (secret === null) return showAlreadyShown(c, key);
  return showPage(
    c,
    { title: isRotation ? texts.secret.rotatedTitle : texts.secret.title, nav: "keys" },
    <section class="sheet form">
      {isRotation && <RotationSteps current={2} />}
      <h1>{isRotation ? texts.secret.rotatedTitle : texts.secret.title}</h1>
      <h2>{key.name}</h2>
      <Badges of={key} now={now()} />
      <p>{permissionText(key.permissions)}</p>
      <div class="note warn" role="alert">
        <p>{texts.secret.once}</p>
      </div>
      <Copyable id="key" label={texts.secret.label} text={secret} copy={texts.secret.copyKey} />
      <p class="hint">{texts.secret.storage}</p>
      <Copyable
        id="curl"
        label={texts.secret.curlLabel}
        text={`curl ${apiOrigin(c)}/v1/posts \\\n  -H "Authorization: Bearer ${secret}"`}
        copy={texts.secret.copyCommand}
      />
      <p class="actions">
        <a class="button main" href={nextPath(key)}>
          {isRotation ? texts.secret.next : texts.secret.done}
        </a>
      </p>
    </section>,
  );
}

/** A page that is loaded ahead may never be seen. `Purpose`: browsers from before `Sec-Purpose`. */
function isPrefetch(c: PortalRequest): boolean {
  return [c.req.header("Sec-Purpose"), c.req.header("Purpose")].some((purpose) =>
    purpose?.includes("prefetch"),
  );
}

function showAlreadyShown(c: PortalRequest, key: KeyToShow) {
  const { shownTitle, shown, toKey } = texts.secret;
  return showPage(
    c,
    { title: shownTitle, nav: "keys" },
    <section class="sheet form">
      <h1>{shownTitle}</h1>
      <p>{shown}</p>
      <h2>{key.name}</h2>
      <code>{key.hint}</code>
      <p class="actions">
        <a class="button main" href={paths.key(key.id)}>
          {toKey}
        </a>
        {"replaces" in key && (
          <a class="button" href={paths.rotate(key.replaces.id)}>
            {texts.list.continueRotation}
          </a>
        )}
      </p>
    </section>,
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

function nextPath(key: KeyToShow): string {
  return "replaces" in key ? paths.rotate(key.replaces.id) : paths.keys;
}
