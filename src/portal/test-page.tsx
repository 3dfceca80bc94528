/**
 * The test tool: what a key is that somebody has found. Its text comes in the body of a form, is looked up and
 * forgotten: it is in no answer, no address, no log and no store.
 */

import { clientAddress } from "../http/client-address.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { keyState } from "../keys/key-state.ts";
import { isRefusal } from "../refusals.ts";
import { Field, Form } from "./form.tsx";
import { Heading, showPage } from "./layout.tsx";
import { refuse } from "./notices.tsx";
import { type PortalRequest, paths } from "./portal-context.ts";
import { Badges, permissionWords, ShortFacts } from "./shown-key.tsx";
import { texts } from "./texts.ts";

export function testPage(c: PortalRequest) {
  return showTool(c, null);
}

export async function testKey(c: PortalRequest) {
  const secret = c.var.form.get("secret")?.trim() ?? "";
  const key = await c.env.operations.identifyKey({ secret }, clientAddress(c.req.raw));
  if (!isRefusal(key)) return showTool(c, <Found c={c} of={key} />);
  if (key.reason === "store_unreachable" || key.reason === "ledger_unreachable") return refuse(c, key);
  const text = key.reason === "too_many_look_ups" ? texts.test.tooMany : texts.test.unknown;
  return showTool(c, <p>{text}</p>);
}

/** Ends a key by its text, whoever's it is. */
export async function revokeTested(c: PortalRequest) {
  const secret = c.var.form.get("secret")?.trim() ?? "";
  const outcome = await c.env.operations.revokeByPossession({ secret }, clientAddress(c.req.raw));
  if (!isRefusal(outcome)) return showTool(c, <p>{texts.test.revoked}</p>);
  if (outcome.reason === "invalid_input") return showTool(c, <p>{texts.test.unknown}</p>);
  if (outcome.reason === "too_many_look_ups") return showTool(c, <p>{texts.test.tooMany}</p>);
  return refuse(c, outcome);
}

function showTool(c: PortalRequest, result: unknown) {
  const { test } = texts;
  return showPage(
    c,
    { title: test.title, at: "test" },
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

function Found({ c, of: key }: { c: PortalRequest; of: ApiKey }) {
  const { test } = texts;
  const isMine = key.account === c.var.visit.account;
  const isOver = keyState(key, c.env.now()) === "revoked";
  if (isMine) {
    return (
      <>
        <p class="hint">{test.mine}</p>
        <h2>
          <a href={paths.key(key.id)}>{key.name}</a>
        </h2>
        <code>{key.hint}</code>
        <Badges of={key} now={c.env.now()} />
        <ShortFacts of={key} now={c.env.now()} />
        {!isOver && (
          <a class="button danger" href={paths.revoke(key.id)} data-dialog>
            {test.revoke}
          </a>
        )}
      </>
    );
  }
  return (
    <>
      <h2>{test.others}</h2>
      <p class="badges">
        <span class={`badge ${key.mode}`}>{texts.mode[key.mode]}</span>
        <span class={`badge ${keyState(key, c.env.now())}`}>{texts.state[keyState(key, c.env.now())]}</span>
      </p>
      <p>{permissionWords(key.permissions)}</p>
      {!isOver && (
        <Form c={c} action={`${paths.test}/revoke`}>
          <p>{test.othersHint}</p>
          <SecretField id="again" />
          <button type="submit" class="danger">
            {test.revokeOthers}
          </button>
        </Form>
      )}
    </>
  );
}
