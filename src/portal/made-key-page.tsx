/**
 * A new key, shown once. The ledger hands its text over one time and has forgotten it then, so that no reload, no
 * second tab and no step back brings it again.
 */
import type { KeyToShow } from "../ledger/portal-access.ts";
import { isRefusal } from "../refusals.ts";
import { showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { Badges, permissionWords } from "./shown-key.tsx";
import { Steps } from "./steps.tsx";
import { texts } from "./texts.ts";

export async function madeKeyPage(c: PortalRequest) {
  const { operations, now } = c.env;
  const made = await operations.portal.showOnce(c.var.visit, c.req.param("form") ?? "");
  if (isRefusal(made)) return refuse(c, made);
  const { secret } = made;
  const isRotation = "replaces" in made;
  if (secret === null) return showGone(c, made);
  return showPage(
    c,
    { title: isRotation ? texts.made.rotatedTitle : texts.made.title, at: "keys" },
    <section class="sheet form">
      {isRotation && <Steps at={2} />}
      <h1>{isRotation ? texts.made.rotatedTitle : texts.made.title}</h1>
      <h2>{made.name}</h2>
      <Badges of={made} now={now()} />
      <p>{permissionWords(made.permissions)}</p>
      <div class="note warn" role="alert">
        <p>{texts.made.once}</p>
      </div>
      <Copyable id="key" label={texts.made.label} text={secret} copy={texts.made.copyKey} />
      <p class="hint">{texts.made.care}</p>
      <Copyable
        id="curl"
        label={texts.made.curlLabel}
        text={`curl ${apiOrigin(c)}/v1/posts \\\n  -H "Authorization: Bearer ${secret}"`}
        copy={texts.made.copyCommand}
      />
      <p class="actions">
        <a class="button main" href={nextPath(made)}>
          {isRotation ? texts.made.next : texts.made.done}
        </a>
      </p>
    </section>,
  );
}

function showGone(c: PortalRequest, made: KeyToShow) {
  const { goneTitle, gone, toKey } = texts.made;
  return showPage(
    c,
    { title: goneTitle, at: "keys" },
    <section class="sheet form">
      <h1>{goneTitle}</h1>
      <p>{gone}</p>
      <h2>{made.name}</h2>
      <code>{made.hint}</code>
      <p class="actions">
        <a class="button main" href={paths.key(made.id)}>
          {toKey}
        </a>
        {"replaces" in made && (
          <a class="button" href={paths.rotate(made.replaces.id)}>
            {texts.list.continueRotation}
          </a>
        )}
      </p>
    </section>,
  );
}

/**
 * A field, so that it can be copied with the keyboard alone. `data-secret`: the script takes it off the page when it is
 * left, so that going back does not show it.
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
      <button type="button" data-copy={id} data-copied={texts.copied} hidden>
        {copy}
      </button>
    </div>
  );
}

/** Where programs reach the API: not this host when the key page has one of its own. */
function apiOrigin(c: PortalRequest): string {
  const { controlHost, publicOrigin } = c.env.settings;
  return controlHost === null ? new URL(c.req.url).origin : publicOrigin;
}

function nextPath(made: KeyToShow): string {
  return "replaces" in made ? paths.rotate(made.replaces.id) : paths.keys;
}
