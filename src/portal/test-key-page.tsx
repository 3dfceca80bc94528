/**
 * Identifies a key by its text, and revokes a key of another account that was found. The text arrives in the body of a
 * form and appears in no answer, no URL, no log and no store.
 */
import { clientAddress } from "../http/client-address.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { keyState } from "../keys/key-state.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form } from "./form.tsx";
import { Badges, KeyFacts } from "./key-summary.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { permissionText } from "./permissions.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { texts } from "./texts.ts";

export function testKeyPage(c: PortalRequest) {
  return showPageWith(c, null);
}

export async function testKey(c: PortalRequest) {
  const secret = c.var.form.get("secret")?.trim() ?? "";
  const key = await c.env.operations.identifyKey({ secret }, clientAddress(c.req.raw));
  if (!isRefusal(key)) return showPageWith(c, <IdentifiedKey c={c} of={key} />);
  if (key.reason === "store_unreachable" || key.reason === "ledger_unreachable") return refuse(c, key);
  const text = key.reason === "too_many_look_ups" ? texts.test.tooMany : texts.test.unknown;
  return showPageWith(c, <p>{text}</p>);
}

/** Revokes a key by its text, whichever account it belongs to. */
export async function revokeTestedKey(c: PortalRequest) {
  const secret = c.var.form.get("secret")?.trim() ?? "";
  const outcome = await c.env.operations.revokeByPossession({ secret }, clientAddress(c.req.raw));
  if (!isRefusal(outcome)) return showPageWith(c, <p>{texts.test.revoked}</p>);
  if (outcome.reason === "invalid_input") return showPageWith(c, <p>{texts.test.unknown}</p>);
  if (outcome.reason === "too_many_look_ups") return showPageWith(c, <p>{texts.test.tooMany}</p>);
  return refuse(c, outcome);
}

function showPageWith(c: PortalRequest, result: unknown) {
  const { test } = texts;
  return showPage(
    c,
    { title: test.title, nav: "test" },
    <div class="column">
      <Heading title={test.title} lead={test.intro} />
      {result !== null && (
        <section class="sheet form" role="status" data-focus tabindex={-1}>
          {result as string}
        </section>
      )}
      <Form c={c} action={paths.test} class="sheet form">
        <SecretField id="secret" />
        <button type="submit" class="main">
          {test.submit}
        </button>
      </Form>
    </div>,
  );
}

function SecretField({ id }: { id: string }) {
  return (
    <Field
      id={id}
      label={texts.test.label}
      hint={texts.test.hint}
      input={(attributes) => (
        <input
          {...attributes}
          name="secret"
          required
          maxlength={1000}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      )}
    />
  );
}

function IdentifiedKey({ c, of: key }: { c: PortalRequest; of: ApiKey }) {
  const { test } = texts;
  const isOwn = key.account === c.var.session.account;
  const isRevoked = keyState(key, c.env.now()) === "revoked";
  if (isOwn) {
    return (
      <>
        <p class="hint">{test.own}</p>
        <h2>
          <a href={paths.key(key.id)}>{key.name}</a>
        </h2>
        <code>{key.hint}</code>
        <Badges of={key} now={c.env.now()} />
        <KeyFacts of={key} now={c.env.now()} />
        {!isRevoked && (
          <a class="button danger" href={paths.revoke(key.id)} data-dialog>
            {test.revoke}
          </a>
        )}
      </>
    );
  }
  return (
    <>
      <h2>{test.other}</h2>
      <p class="badges">
        <span class={`badge ${key.mode}`}>{texts.mode[key.mode]}</span>
        <span class={`badge ${keyState(key, c.env.now())}`}>{texts.state[keyState(key, c.env.now())]}</span>
      </p>
      <p>{permissionText(key.permissions)}</p>
      {!isRevoked && (
        <Form c={c} action={paths.testRevoke}>
          <p>{test.otherHint}</p>
          <SecretField id="again" />
          <button type="submit" class="danger">
            {test.revokeOther}
          </button>
        </Form>
      )}
    </>
  );
}
